import { describe, expect, it } from "vitest";

import type { Author, Frame, Run } from "@/api/types";
import { addFrame, addRun, type FeedEntry } from "@/support/feed";

const person: Author = { kind: "person", name: "Ada", role: null, run: null };
const agent: Author = { kind: "agent", name: "production", role: "production", run: "r1" };
const system: Author = { kind: "system", name: "system", role: null, run: null };

let seq = 0;
const at = (minute: number) => `2026-01-01T12:${String(minute).padStart(2, "0")}:00Z`;
const frame = (type: string, minute: number, data: object) =>
  ({ v: 1, type, seq: ++seq, at: at(minute), data }) as unknown as Frame;
const started = (run: string, minute: number) =>
  frame("run.started", minute, { run, agent: 2, role: "production", trigger: "change" });
const finished = (run: string, minute: number, outcome: string) =>
  frame("run.finished", minute, { run, agent: 2, role: "production", outcome, reason: "" });
const saved = (path: string, minute: number, author: Author, revision = 2) =>
  frame("file.changed", minute, { path, revision, hash: "", author });
const feedOf = (...frames: Frame[]) => frames.reduce(addFrame, [] as readonly FeedEntry[]);
const ids = (entries: readonly FeedEntry[]) => entries.map((entry) => entry.id);

function runOf(id: string, minute: number, facts: Partial<Run> = {}): Run {
  return {
    id, mission: 1, agent: 2, role: "production", trigger: "change", state: "FINISHED", step: "settle",
    outcome: "changed", reason: "", count: 1, model: "m", is_offline: true, queued_at: at(minute),
    started_at: at(minute), finished_at: at(minute), calls: 1, input_tokens: 1, output_tokens: 1,
    cost: "0.01", is_cost_assumed: false, failure: "",
    changes: [{ path: "production.md", from: 1, to: 2, added: 42, removed: 3 }], refused: [], flags: [], steps: [],
    ...facts,
  };
}

describe("runs", () => {
  it("have one entry from start to end, on top when they end", () => {
    const entries = feedOf(started("a", 1), started("b", 2), finished("a", 3, "changed"));

    expect(ids(entries)).toEqual(["run-a", "run-b"]);
    expect(entries[0]).toMatchObject({ outcome: "changed" });
  });

  it("get their changes from the run itself", () => {
    const entries = addRun(feedOf(started("a", 1), finished("a", 3, "changed")), runOf("a", 3));

    expect(entries[0]).toMatchObject({ changes: [{ path: "production.md", added: 42, removed: 3 }] });
  });

  it("leave no trace when skipped", () => {
    expect(feedOf(started("a", 1), finished("a", 2, "skipped"))).toEqual([]);
    expect(addRun([], runOf("a", 1, { outcome: "skipped" }))).toEqual([]);
  });

  it("do not begin again when an old event is read again", () => {
    const entries = feedOf(started("a", 1), finished("a", 2, "changed"), started("a", 1));

    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ outcome: "changed" });
  });

  it("that are older than the known events find their place by time", () => {
    const entries = addRun(feedOf(saved("a.md", 5, person)), runOf("old", 1));

    expect(ids(entries).at(-1)).toBe("run-old");
  });
});

describe("edits", () => {
  it("of one person in one file belong together", () => {
    const entries = feedOf(saved("a.md", 1, person, 2), saved("a.md", 2, person, 3), saved("b.md", 3, person));

    expect(entries.map((entry) => entry.kind === "edit" && entry.saves)).toEqual([1, 2]);
  });

  it("by agents are told by their run, and the first files by nobody", () => {
    expect(feedOf(saved("a.md", 1, agent), saved("b.md", 1, system, 1))).toEqual([]);
  });
});

describe("the team", () => {
  const mission = (minute: number, activity: string) =>
    frame("mission.changed", minute, { state: "ACTIVE", title: "T", activity });
  const agentIs = (minute: number, state: string, activity: string) =>
    frame("agent.changed", minute, { agent: 2, role: "production", state, reason: "", next_run_at: null, activity });
  const told = (entries: readonly FeedEntry[]) =>
    entries.map((entry) => (entry.kind === "activity" ? entry.activity : entry.kind));

  it("is told once when its activity changes, and when somebody is paused", () => {
    const entries = feedOf(
      mission(1, "settled"),
      mission(2, "settled"),
      agentIs(3, "PAUSED_BUDGET", "settled"),
      agentIs(4, "IDLE", "settled"),
    );

    expect(told(entries)).toEqual(["paused", "settled"]);
  });

  it("is told each time it goes to work and rests", () => {
    const entries = feedOf(
      agentIs(1, "QUEUED", "working"),
      mission(2, "settled"),
      saved("demande.md", 3, person),
      agentIs(4, "IDLE", "waiting"),
      agentIs(5, "QUEUED", "working"),
      agentIs(6, "RUNNING", "working"),
      mission(7, "settled"),
      agentIs(8, "STOPPED", "stopped"),
    );

    expect(told(entries)).toEqual(["stopped", "settled", "working", "edit", "settled", "working"]);
  });

  it("is no news before it has ever worked", () => {
    expect(feedOf(mission(1, "stopped"), agentIs(2, "STOPPED", "stopped"))).toEqual([]);
  });
});

describe("moves", () => {
  const gone = (data: object) => frame("file.removed", 1, { path: "old.md", author: person, ...data });

  it("are told once, where the file is now", () => {
    const entries = feedOf(
      gone({ moved_to: "new.md" }),
      frame("file.changed", 1, { path: "new.md", revision: 3, hash: "", author: person, moved_from: "old.md" }),
    );

    expect(entries).toHaveLength(1);
    expect(entries[0]).toMatchObject({ kind: "moved", from: "old.md", path: "new.md", author: person });
  });

  it("are no removals, which are told", () => {
    expect(feedOf(gone({}))[0]).toMatchObject({ kind: "removed", path: "old.md", author: person });
  });
});

describe("what is set aside", () => {
  it("is told with its new name and the reason", () => {
    const data = { path: "notes.md", aside: "notes.md.0a1b.aside", reason: "This is not UTF-8 text." };

    expect(feedOf(frame("file.set_aside", 1, data))[0]).toMatchObject({ kind: "aside", ...data });
  });
});
