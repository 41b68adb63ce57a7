/** The live feed: events of a mission turned into entries for people, newest first. */

import type { Activity, AgentState, Author, Frame, Outcome, Run, RunChange } from "@/api/types";

interface Entry {
  id: string;
  at: string;
}

export interface RunEntry extends Entry {
  kind: "run";
  run: string;
  role: string;
  outcome: Outcome | null;
  reason: string;
  changes: RunChange[];
}

export interface EditEntry extends Entry {
  kind: "edit";
  path: string;
  revision: number;
  author: Author;
  saves: number;
}

export interface RemovedEntry extends Entry {
  kind: "removed";
  path: string;
  author: Author | null;
}

export interface AsideEntry extends Entry {
  kind: "aside";
  path: string;
  aside: string;
  reason: string;
}

export interface MovedEntry extends Entry {
  kind: "moved";
  from: string;
  path: string;
  author: Author;
}

export interface ActivityEntry extends Entry {
  kind: "activity";
  activity: Activity;
}

export interface PausedEntry extends Entry {
  kind: "paused";
  role: string;
  state: AgentState;
  reason: string;
}

export type FeedEntry =
  | RunEntry
  | EditEntry
  | RemovedEntry
  | AsideEntry
  | MovedEntry
  | ActivityEntry
  | PausedEntry;

export const LONGEST_FEED = 200;
const SAME_SITTING = 10 * 60_000;

/** Add what a frame says; give back the same list when it says nothing to people. */
export function addFrame(entries: readonly FeedEntry[], frame: Frame): readonly FeedEntry[] {
  switch (frame.type) {
    case "run.started":
      return addRunEntry(entries, { ...frame.data, at: frame.at, outcome: null, reason: "" });
    case "run.finished":
      return addRunEntry(entries, { ...frame.data, at: frame.at });
    case "file.changed":
      return frame.data.moved_from === undefined
        ? addEdit(entries, frame.at, frame.data)
        : addMoved(entries, frame.at, { ...frame.data, from: frame.data.moved_from });
    case "file.removed":
      return addRemoved(entries, frame);
    case "file.set_aside":
      return onTop(entries, { kind: "aside", id: `aside-${frame.seq}`, at: frame.at, ...frame.data });
    case "mission.changed":
      return addActivity(entries, frame);
    case "agent.changed":
      return addPaused(addActivity(entries, frame), frame);
    default:
      return entries;
  }
}

/** Fill in what the run itself tells: its changes, and its end if the event was missed. */
export function addRun(entries: readonly FeedEntry[], run: Run): readonly FeedEntry[] {
  if (run.state === "QUEUED") return entries;
  const entry = runEntry(run);
  const index = entries.findIndex((known) => known.id === entry.id);
  if (isQuiet(run.outcome)) return entries.filter((known) => known.id !== entry.id);
  if (index >= 0) return entries.with(index, entry);
  const later = entries.findIndex((known) => known.at < entry.at);
  const place = later < 0 ? entries.length : later;
  return entries.toSpliced(place, 0, entry).slice(0, LONGEST_FEED);
}

function runEntry(run: Run): RunEntry {
  return {
    kind: "run",
    id: `run-${run.id}`,
    at: run.finished_at ?? run.started_at ?? run.queued_at,
    run: run.id,
    role: run.role,
    outcome: run.outcome || null,
    reason: run.reason,
    changes: run.changes,
  };
}

/** A skipped run changed nothing, cost nothing, and is no news. */
function isQuiet(outcome: Outcome | "" | null): boolean {
  return outcome === "skipped";
}

function addRunEntry(
  entries: readonly FeedEntry[],
  fact: Pick<RunEntry, "run" | "role" | "at" | "outcome" | "reason"> & { changes?: RunChange[] },
): readonly FeedEntry[] {
  const id = `run-${fact.run}`;
  const known = entries.find((entry): entry is RunEntry => entry.id === id);
  const others = known ? entries.filter((entry) => entry !== known) : entries;
  if (isQuiet(fact.outcome)) return others;
  if (known?.outcome && !fact.outcome) return entries;
  const { run, role, at, outcome, reason } = fact;
  const changes = fact.changes ?? known?.changes ?? [];
  return onTop(others, { kind: "run", id, at, run, role, outcome, reason, changes });
}

function addEdit(
  entries: readonly FeedEntry[],
  at: string,
  { path, revision, author }: { path: string; revision: number; author: Author },
): readonly FeedEntry[] {
  if (author.kind === "agent" || (author.kind === "system" && revision === 1)) return entries;
  const last = entries[0];
  const isSameSitting =
    last?.kind === "edit" &&
    last.path === path &&
    last.author.kind === author.kind &&
    last.author.name === author.name &&
    Date.parse(at) - Date.parse(last.at) < SAME_SITTING;
  if (isSameSitting) return [{ ...last, at, revision, saves: last.saves + 1 }, ...entries.slice(1)];
  return onTop(entries, { kind: "edit", id: `edit-${path}-${revision}`, at, path, revision, author, saves: 1 });
}

/** A move is told once, where the file is now. */
function addRemoved(
  entries: readonly FeedEntry[],
  { seq, at, data: { path, moved_to, author } }: Frame & { type: "file.removed" },
): readonly FeedEntry[] {
  if (moved_to !== undefined) return entries;
  return onTop(entries, { kind: "removed", id: `removed-${seq}`, at, path, author: author ?? null });
}

function addMoved(
  entries: readonly FeedEntry[],
  at: string,
  { from, path, revision, author }: { from: string; path: string; revision: number; author: Author },
): readonly FeedEntry[] {
  return onTop(entries, { kind: "moved", id: `moved-${path}-${revision}`, at, from, path, author });
}

/** Tell when the team goes to work and when it rests; one that has never worked is not news. */
function addActivity(
  entries: readonly FeedEntry[],
  { seq, at, data: { activity } }: Frame & { type: "mission.changed" | "agent.changed" },
): readonly FeedEntry[] {
  const last = entries.find((entry) => entry.kind === "activity")?.activity ?? "stopped";
  if (activity === "waiting" || activity === last) return entries;
  return onTop(entries, { kind: "activity", id: `activity-${seq}`, at, activity });
}

function addPaused(
  entries: readonly FeedEntry[],
  { seq, at, data: { role, state, reason } }: Frame & { type: "agent.changed" },
): readonly FeedEntry[] {
  if (!state.startsWith("PAUSED")) return entries;
  return onTop(entries, { kind: "paused", id: `paused-${seq}`, at, role, state, reason });
}

function onTop(entries: readonly FeedEntry[], entry: FeedEntry): readonly FeedEntry[] {
  return [entry, ...entries].slice(0, LONGEST_FEED);
}
