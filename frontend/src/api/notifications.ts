import { request } from "./http";
import type { Page } from "./types";

/** What a person is told, wants to be told, and where. */

export type Level = "info" | "success" | "warning" | "error";
export type Priority = "low" | "normal" | "urgent";

export interface Notice {
  id: number;
  type: string;
  level: Level;
  priority: Priority;
  title: string;
  body: string;
  mission: number | null;
  link: string;
  /** How often it was told while it was unread. */
  count: number;
  created_at: string;
  repeated_at: string;
  expires_at: string | null;
  read_at: string | null;
  /** Whether it belongs into the list. */
  is_shown: boolean;
  /** An open tab is asked to show it outside the page. */
  push: boolean;
}

export interface NoticePage extends Page<Notice> {
  unread: Record<Level | "total", number>;
  seq: number;
}

interface NoticeFrameData {
  hello: { seq: number; unread: number };
  resync: { seq: number; unread: number };
  heartbeat: { seq: number };
  "notification.created": { notification: Notice; unread: number };
  "notification.read": { ids: number[]; unread: number };
}

/** One message of the live socket of a person. */
export type NoticeFrame = {
  [Type in keyof NoticeFrameData]: {
    v: 1;
    type: Type;
    seq: number | null;
    at: string;
    data: NoticeFrameData[Type];
  };
}[keyof NoticeFrameData];

export interface Preference {
  type: string;
  label: string;
  level: Level;
  channels: Record<string, boolean>;
}

export interface ChannelTarget {
  channel: string;
  label: string;
  needs_address: boolean;
  is_set: boolean;
  hint: string;
  has_secret: boolean;
  last_error: string;
  failed_at: string | null;
}

/** Type → channel → whether. */
export type Choices = Record<string, Record<string, boolean>>;

/** The newest, or what follows a page: `next` is the address that the page before gave. */
export const listNotices = (next: string | null = null, signal?: AbortSignal) => {
  const query = next ? new URL(next, window.location.origin).search : "";
  return request<NoticePage>("GET", `notifications/${query}`, signal ? { signal } : {});
};
export const readNotice = (id: number) => request<Notice>("POST", `notifications/${id}/read`);
/** Mark everything read up to a message: what came later has not been seen yet. */
export const readAllNotices = (until: number) =>
  request<{ read: number }>("POST", "notifications/read-all", { body: { until } });

export const listPreferences = () =>
  request<{ results: Preference[] }>("GET", "notifications/preferences/");
export const changePreferences = (choices: Choices) =>
  request<{ results: Preference[] }>("PATCH", "notifications/preferences/", { body: { choices } });

export const listChannels = () => request<{ results: ChannelTarget[] }>("GET", "notifications/channels/");
/** Say where a channel leads; a webhook's new secret is in the answer, and never again. */
export const setChannel = (channel: string, address: string) =>
  request<ChannelTarget & { secret: string }>("PUT", `notifications/channels/${channel}/`, {
    body: { address },
  });
export const removeChannel = (channel: string) =>
  request<undefined>("DELETE", `notifications/channels/${channel}/`);
export const testChannel = (channel: string) =>
  request<{ state: string }>("POST", `notifications/channels/${channel}/test`);
