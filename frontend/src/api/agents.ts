import { request } from "./http";
import type { RevertedRun } from "./decisionTypes";
import type { RunCalls, TranscriptPage } from "./runTypes";
import type { AgentStatus, Breaker, Stability } from "./healthTypes";
import type { Agent, FileDiff, ModelList, Page, Run, RunLog } from "./types";

export const listAgents = (mission: number) =>
  request<Page<Agent>>("GET", `agents/?mission=${mission}`);
export const readAgent = (id: number) => request<Agent>("GET", `agents/${id}/`);
/** How the agents of a mission are by now, which time alone changes. */
export const listAgentStates = (mission: number) =>
  request<Page<AgentStatus>>("GET", `agents/status?mission=${mission}`);
/** The models that are left alone for now. */
export const listBreakers = () => request<{ results: Breaker[] }>("GET", "breakers/");
export const readStability = (id: number) => request<Stability>("GET", `agents/${id}/stability`);
export const startAgent = (id: number) => request<Agent>("POST", `agents/${id}/start`);
export const stopAgent = (id: number) => request<Agent>("POST", `agents/${id}/stop`);
export const runAgent = (id: number) => request<Agent>("POST", `agents/${id}/run`);
export const changeAgent = (id: number, body: { model: string }) =>
  request<Agent>("PATCH", `agents/${id}/`, { body });

export const listRuns = (mission: number) => request<Page<Run>>("GET", `runs/?mission=${mission}`);
export const readRun = (id: string) => request<Run>("GET", `runs/${id}/`);
export const readRunLog = (id: string) => request<RunLog>("GET", `runs/${id}/log`);
export const readRunCalls = (id: string) => request<RunCalls>("GET", `runs/${id}/calls`);
/** What the run asked its model, and was told, from a place in it on. */
export const readTranscript = (id: string, after: number) =>
  request<TranscriptPage>("GET", `runs/${id}/transcript?after=${after}`);
/** Where all that the run asked its model, and was told, can be taken from. */
export const transcriptUrl = (id: string) => `/api/v1/runs/${id}/transcript/download`;
export const readRunDiff = (id: string) => request<{ files: FileDiff[] }>("GET", `runs/${id}/diff`);
export const cancelRun = (id: string) => request<Run>("POST", `runs/${id}/cancel`);

/** Take back what a run did, of the named files only; or say what that would do. */
export const revertRun = (id: string, body: { files?: string[]; preview?: boolean }) =>
  request<RevertedRun>("POST", `runs/${id}/revert`, { body });

export const listModels = () => request<ModelList>("GET", "models/");
