/** The shapes that the API and the live socket speak. */

import type { RunStep } from "./runTypes";

export type Language = "en" | "fr";
export type Activity = "working" | "settled" | "stopped" | "waiting";
export type Membership = "owner" | "editor" | "viewer";

export interface Person {
  id: number;
  name: string;
  email: string;
  language: Language;
  is_staff: boolean;
}

export interface Mission {
  id: number;
  title: string;
  language: Language;
  state: "ACTIVE" | "ARCHIVED" | "DELETED";
  activity: Activity;
  is_demo: boolean;
  model: string;
  role: Membership;
  seq: number;
  /** Until when a deleted mission can be restored. */
  purged_after: string | null;
  created_at: string;
  updated_at: string;
}

/** What became of the sample's files; those kept hold somebody's words. */
export interface Sample {
  written: string[];
  kept: string[];
}

export interface NewMission {
  title: string;
  request: string;
  language: Language;
  model?: string;
  start: boolean;
}

/** A mission that was made of an archive, and what of it was left out. */
export interface Imported {
  mission: Mission;
  skipped: { path: string; reason: string }[];
  skipped_count: number;
}

export interface Author {
  kind: "person" | "agent" | "external" | "system";
  name: string;
  role: string | null;
  run: string | null;
}

export interface MissionFile {
  /** Stays when the file moves. */
  id: number;
  path: string;
  label: string;
  role: string | null;
  revision: number;
  hash: string;
  size: number;
  author: Author;
  updated_at: string;
}

export interface FileText extends MissionFile {
  text: string;
}

export interface SavedFile extends FileText {
  is_merged: boolean;
}

export interface SaveFile {
  text: string;
  base: number | null;
  /** The file that is meant, wherever it is now. */
  file?: number;
  allow_invalid?: boolean;
}

export interface Revision {
  number: number;
  operation: string;
  hash: string;
  size: number;
  author: Author;
  created_at: string;
}

export interface RevisionText extends Revision {
  text: string;
}

/** A text is null where the file was not there, or is not any more. */
export interface ConflictDetails {
  base: { revision: number | null; text: string | null };
  theirs: { revision: number; text: string | null; author: Author | null };
  mine: { text: string | null };
}

export type AgentState =
  | "STOPPED"
  | "IDLE"
  | "QUEUED"
  | "RUNNING"
  | "BACKING_OFF"
  | "PAUSED_BUDGET"
  | "PAUSED_BREAKER"
  | "SETTLED";

export interface Agent {
  id: number;
  mission: number;
  role: string;
  name: string;
  is_available: boolean;
  state: AgentState;
  reason: string;
  model: string;
  effective_model: string;
  interval: number;
  next_run_at: string | null;
  last_run: Run | null;
  last_change_at: string | null;
  writes: string[];
  watches: string[];
  reads: string[];
  mode: "autonomous" | "review";
  /** Why it was stopped until a person acts; empty: it was not. */
  loop: string;
  health: Health;
  /** Of which one holds the key of its model; empty: it has none. */
  key_variables: string[];
}

export type Health = "ok" | "late" | "failing" | "stuck" | "resting";

export type Outcome =
  | "changed"
  | "unchanged"
  | "skipped"
  | "proposed"
  | "rejected"
  | "failed"
  | "timed_out"
  | "cancelled"
  | "stopped_budget"
  | "stopped_breaker";

export interface RunChange {
  path: string;
  from: number | null;
  to: number | null;
  added: number;
  removed: number;
}

export interface RefusedPath {
  path: string;
  reason: string;
}

export interface Run {
  id: string;
  mission: number;
  agent: number;
  role: string;
  trigger: string;
  state: "QUEUED" | "RUNNING" | "FINISHED";
  step: string;
  /** Empty until the run has ended. */
  outcome: Outcome | "" | null;
  reason: string;
  /** What went wrong, in a word; empty: nothing. */
  failure: string;
  count: number;
  model: string;
  is_offline: boolean;
  queued_at: string;
  started_at: string | null;
  finished_at: string | null;
  calls: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  /** US dollars; null where the price is not known. */
  cost: string | null;
  is_cost_assumed: boolean;
  changes: RunChange[];
  refused: RefusedPath[];
  flags: RunFlag[];
  steps: RunStep[];
}

/** What is doubtful in a text that a run wrote; it landed all the same. */
export interface RunFlag {
  path: string;
  line: number;
  text: string;
  reason: string;
}

export type OutputStream = "log" | "reply";

export interface RunLog {
  lines: { at: string; stream: OutputStream; text: string }[];
  is_truncated: boolean;
}

export interface FileDiff {
  path: string;
  from: number | null;
  to: number | null;
  unified: string;
}

export interface ModelOption {
  name: string;
  label: string;
  provider: string;
  family: "openai" | "anthropic" | "gemini";
  is_offline: boolean;
  edit_format: "diff" | "whole";
  /** US dollars for a million tokens, as text; null where nobody told. */
  price: { input: string; output: string; cache_read: string; cache_write: string } | null;
  context_window: number | null;
  longest_reply: number | null;
}

export interface ModelList {
  results: ModelOption[];
  default: string;
  is_offline_only: boolean;
  variables: string[];
}

export interface Page<Item> {
  results: Item[];
  next: string | null;
  previous: string | null;
}

export type { Changes, Frame, FrameType } from "./frames";
