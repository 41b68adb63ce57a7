import type { ConfigChange } from "./agentConfig";
import { request } from "./http";
import type { Agent, Page } from "./types";

/** What people tell agents: instructions for a next run, prompts, how they work. */

export type AgentMode = "autonomous" | "review";

export interface Instruction {
  id: number;
  text: string;
  author: string | null;
  created_at: string;
  changed_at: string | null;
  run: string | null;
  read_at: string | null;
}

export interface Prompt {
  text: string;
  is_shipped: boolean;
  shipped: string;
  /** Of the newest version; 0: there is none yet. */
  version: number;
}

export interface PromptVersion {
  number: number;
  note: string;
  author: string | null;
  created_at: string;
  is_shipped: boolean;
}

export type PartName =
  | "rules"
  | "examples"
  | "readonly"
  | "editable"
  | "other"
  | "prompt"
  | "facts"
  | "instructions";

export interface Preview {
  model: string;
  edit_format: string;
  message: string;
  messages: { part: string; role: string; content: string }[];
  parts: { name: PartName; characters: number; tokens: number }[];
  tokens: number;
}

/** Aider is loaded for a preview, which takes a busy machine a while. */
const PREVIEW_SECONDS = 100;

export const cancelAgent = (id: number) => request<Agent>("POST", `agents/${id}/cancel`);
export const configureAgent = (id: number, body: ConfigChange) =>
  request<unknown>("PATCH", `agents/${id}/config`, { body });

export const listUnread = (id: number) =>
  request<Page<Instruction>>("GET", `agents/${id}/instructions/?unread=true`);
export const leaveInstruction = (id: number, text: string) =>
  request<Instruction>("POST", `agents/${id}/instructions/`, { body: { text } });
export const changeInstruction = (id: number, instruction: number, text: string) =>
  request<Instruction>("PUT", `agents/${id}/instructions/${instruction}/`, { body: { text } });
export const withdrawInstruction = (id: number, instruction: number) =>
  request<undefined>("DELETE", `agents/${id}/instructions/${instruction}/`);

export const readPrompt = (id: number) => request<Prompt>("GET", `agents/${id}/prompt`);
export const savePrompt = (id: number, body: { text: string; base: number }) =>
  request<Prompt>("PUT", `agents/${id}/prompt`, { body });
export const listPromptVersions = (id: number) =>
  request<Page<PromptVersion>>("GET", `agents/${id}/prompt/versions/`);
export const restorePrompt = (id: number, number: number) =>
  request<Prompt>("POST", `agents/${id}/prompt/versions/${number}/restore`);
export const diffPrompts = (id: number, from: number, to: number) =>
  request<{ unified: string }>("GET", `agents/${id}/prompt/versions/diff?from=${from}&to=${to}`);
export const previewPrompt = (id: number, text: string | null) =>
  text === null
    ? request<Preview>("GET", `agents/${id}/prompt/preview`, { timeout: PREVIEW_SECONDS })
    : request<Preview>("POST", `agents/${id}/prompt/preview`, { body: { text }, timeout: PREVIEW_SECONDS });
