import { defineStore } from "pinia";
import { computed, ref, shallowRef } from "vue";

import { listAgents, listAgentStates, listRuns, readAgent, readRun } from "@/api/agents";
import { ApiError } from "@/api/http";
import { listFiles, readChanges, readMission } from "@/api/missions";
import type { Agent, AgentState, Author, Frame, Mission, MissionFile, Run } from "@/api/types";
import { addFrame, addRun, type FeedEntry } from "@/support/feed";
import { gather } from "@/support/gather";
import type { Connection } from "@/support/live";

import { useMissions } from "./missions";
import { useOutputs } from "./outputs";

export type WorkspaceStatus = "idle" | "loading" | "ready" | "missing" | "failed";

export interface FreshMark {
  author: Author;
  at: string;
}

const EARLIER_EVENTS = 300;

/** The open mission as everyone sees it: files, team, runs and feed, kept true by frames. */
export const useWorkspace = defineStore("workspace", () => {
  const status = ref<WorkspaceStatus>("idle");
  const mission = shallowRef<Mission | null>(null);
  const files = shallowRef<MissionFile[]>([]);
  const agents = shallowRef<Agent[]>([]);
  const feed = shallowRef<readonly FeedEntry[]>([]);
  const fresh = shallowRef<ReadonlyMap<string, FreshMark>>(new Map());
  const connection = ref<Connection>("connecting");
  const retryAt = ref<number | null>(null);
  const budgetNews = ref(0);
  let turn = 0;

  const isOwner = computed(() => mission.value?.role === "owner");
  const canEdit = computed(() => mission.value?.state === "ACTIVE" && mission.value.role !== "viewer");
  const runningAgents = computed(() => agents.value.filter((agent) => agent.state === "RUNNING"));

  /** Fetch a mission and all that belongs to it; an answer that comes too late is dropped. */
  async function load(id: number): Promise<void> {
    const mine = ++turn;
    const isReload = mission.value?.id === id && status.value === "ready";
    if (!isReload) clear("loading");
    try {
      const found = await fetchAll(id);
      if (mine !== turn) return;
      setMission(found.mission);
      files.value = found.files;
      agents.value = found.agents;
      feed.value = found.feed;
      status.value = "ready";
    } catch (error) {
      if (mine === turn && !isReload) clear(isMissing(error) ? "missing" : "failed");
    }
  }

  function clear(next: WorkspaceStatus): void {
    status.value = next;
    mission.value = null;
    files.value = [];
    agents.value = [];
    feed.value = [];
    fresh.value = new Map();
    useOutputs().clear();
  }

  function setMission(next: Mission): void {
    mission.value = next;
    useMissions().update(next);
  }

  function setAgent(next: Agent): void {
    agents.value = agents.value.map((agent) => (agent.id === next.id ? next : agent));
  }

  function setFile(next: MissionFile): void {
    const isKnown = files.value.some((file) => file.path === next.path);
    files.value = isKnown
      ? files.value.map((file) => (file.path === next.path ? next : file))
      : [...files.value, next];
  }

  async function refreshFiles(): Promise<void> {
    const id = mission.value?.id;
    const found = id === undefined ? null : await listFiles(id).catch(() => null);
    if (found && mission.value?.id === id) files.value = found;
  }

  const refreshFilesSoon = gather(refreshFiles);

  async function refreshRun(id: string): Promise<void> {
    const run = await readRun(id).catch(() => null);
    if (run && run.mission === mission.value?.id) takeRun(run);
  }

  /** Fetch an agent of which an event does not tell all. */
  async function refreshAgent(id: number): Promise<void> {
    const found = await readAgent(id).catch(() => null);
    if (found && found.mission === mission.value?.id) setAgent(found);
  }

  /** Ask how the agents are by now: that one is late is no event. */
  async function refreshHealth(): Promise<void> {
    const id = mission.value?.id;
    const found = id === undefined ? null : await listAgentStates(id).catch(() => null);
    if (!found || mission.value?.id !== id) return;
    const known = new Map(found.results.map((one) => [one.id, one]));
    agents.value = agents.value.map((agent) => {
      const one = known.get(agent.id);
      return one?.state === agent.state ? { ...agent, health: one.health } : agent;
    });
  }

  function takeRun(run: Run): void {
    feed.value = addRun(feed.value, run);
    agents.value = agents.value.map((agent) => {
      const isNewer = (agent.last_run?.queued_at ?? "") <= run.queued_at;
      if (agent.id !== run.agent || !isNewer) return agent;
      const last_change_at = run.outcome === "changed" ? run.finished_at : agent.last_change_at;
      return { ...agent, last_run: run, last_change_at };
    });
  }

  function markRead(path: string): void {
    if (!fresh.value.has(path)) return;
    const marks = new Map(fresh.value);
    marks.delete(path);
    fresh.value = marks;
  }

  /** Take in one event of the mission. */
  function apply(frame: Frame): void {
    feed.value = addFrame(feed.value, frame);
    switch (frame.type) {
      case "file.changed":
        applyFile(frame);
        break;
      case "file.removed":
        applyRemoval(frame.data);
        break;
      case "agent.changed":
        applyAgent(frame);
        break;
      case "mission.changed":
        applyMission(frame);
        break;
      case "access":
        if (mission.value) setMission({ ...mission.value, role: frame.data.role });
        break;
      default:
        applyRun(frame);
    }
  }

  function applyRun(frame: Frame): void {
    if (frame.type === "run.output") useOutputs().add(frame.data);
    else if (frame.type === "run.started") useOutputs().begin(frame.data.run);
    else if (frame.type === "run.finished") {
      useOutputs().end(frame.data.run);
      if (frame.data.outcome !== "skipped") void refreshRun(frame.data.run);
    }
  }

  function applyRemoval({ path, moved_to }: { path: string; moved_to?: string }): void {
    const gone = files.value.find((file) => file.path === path);
    files.value = files.value.filter((file) => file.path !== path);
    if (gone && moved_to !== undefined) setFile({ ...gone, path: moved_to });
    markRead(path);
  }

  function applyFile({ at, data }: Frame & { type: "file.changed" }): void {
    const known = files.value.find((file) => file.path === data.path);
    if (known && known.revision > data.revision) return;
    const { moved_from, ...facts } = data;
    if (known) setFile({ ...known, ...facts, updated_at: at });
    if (!known || moved_from !== undefined) refreshFilesSoon(); // Its name says whose it is.
    if (data.author.kind !== "system") {
      fresh.value = new Map(fresh.value).set(data.path, { author: data.author, at });
    }
  }

  function applyMission({ data }: Frame & { type: "mission.changed" }): void {
    const { budget, ...facts } = data;
    if (budget) budgetNews.value += 1;
    if (mission.value) setMission({ ...mission.value, ...facts });
  }

  function applyAgent({ data }: Frame & { type: "agent.changed" }): void {
    const { agent: id, activity, ...facts } = data;
    const before = agents.value.find((agent) => agent.id === id);
    agents.value = agents.value.map((agent) => (agent.id === id ? { ...agent, ...facts } : agent));
    if (mission.value && activity !== mission.value.activity) setMission({ ...mission.value, activity });
    // Whether it is well is not in the event: asked where that turns.
    if (before && wasWell(before.state) !== wasWell(data.state)) void refreshAgent(id);
  }

  return {
    status, mission, files, agents, feed, fresh, connection, retryAt, budgetNews,
    canEdit, isOwner, runningAgents,
    load, clear, apply, markRead, setMission, setAgent, setFile, takeRun, refreshFiles, refreshHealth,
  };
});

async function fetchAll(id: number) {
  const mission = await readMission(id); // First: what is read after it is at least as new.
  const [files, agents, runs, changes] = await Promise.all([
    listFiles(id),
    listAgents(id),
    listRuns(id),
    readChanges(id, Math.max(0, mission.seq - EARLIER_EVENTS)).catch(() => null),
  ]);
  const feed = earlierFeed(runs.results, changes?.results ?? [], mission.seq);
  return { mission, files, agents: agents.results, feed };
}

const ILL: readonly AgentState[] = ["BACKING_OFF", "PAUSED_BREAKER", "PAUSED_BUDGET"];

function wasWell(state: AgentState): boolean {
  return !ILL.includes(state);
}

function isMissing(error: unknown): boolean {
  return error instanceof ApiError && [403, 404].includes(error.status);
}

/** The feed as it would look now, had the page been open all along. */
function earlierFeed(runs: Run[], frames: Frame[], seq: number): readonly FeedEntry[] {
  const seen = frames.filter((frame) => (frame.seq ?? 0) <= seq);
  return runs.reduceRight(addRun, seen.reduce(addFrame, [] as readonly FeedEntry[]));
}
