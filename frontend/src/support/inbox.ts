/** A person's notifications: the newest first, each once, however often and late it is told. */

import type { Level, Notice, NoticeFrame } from "@/api/notifications";

export interface Inbox {
  notices: readonly Notice[];
  unread: number;
}

const WEIGHTS: Level[] = ["info", "success", "warning", "error"];

/** Take in one frame; what is told again replaces what was told before. */
export function takeFrame(inbox: Inbox, frame: NoticeFrame): Inbox {
  if (frame.type === "notification.created") {
    const { notification, unread } = frame.data;
    const notices = notification.is_shown ? withNotices(inbox.notices, [notification]) : inbox.notices;
    return { notices, unread };
  }
  if (frame.type === "notification.read") {
    return { notices: asRead(inbox.notices, frame.data.ids, frame.at), unread: frame.data.unread };
  }
  return inbox;
}

/** Add messages, or replace those that are known. */
export function withNotices(known: readonly Notice[], more: readonly Notice[]): readonly Notice[] {
  const all = new Map([...known, ...more].map((notice) => [notice.id, notice]));
  return [...all.values()].toSorted((one, other) => other.id - one.id);
}

/** Mark messages read, but none twice. */
export function asRead(known: readonly Notice[], ids: readonly number[], at: string): readonly Notice[] {
  return known.map((notice) =>
    notice.read_at === null && ids.includes(notice.id) ? { ...notice, read_at: at } : notice,
  );
}

/** Leave out what is of no use any more. */
export function current(notices: readonly Notice[], now: number): readonly Notice[] {
  return notices.filter(({ expires_at }) => expires_at === null || Date.parse(expires_at) > now);
}

/** The heaviest level among what is unread; null where nothing is. */
export function heaviest(notices: readonly Notice[]): Level | null {
  const unread = notices.filter((notice) => notice.read_at === null);
  return unread.reduce<Level | null>(
    (most, { level }) => (most && WEIGHTS.indexOf(most) >= WEIGHTS.indexOf(level) ? most : level),
    null,
  );
}

/** A number for a small mark: "7", "99+". */
export function countText(count: number): string {
  return count > 99 ? "99+" : String(count);
}

/** Whether what it is about is seen in the team rather than in the files. */
export function isAboutTeam(notice: Pick<Notice, "type">): boolean {
  return /^(agent|run|breaker|budget)\./.test(notice.type);
}
