/** What the live socket and the feed bring. */

import type { Activity, AgentState, Author, Membership, Mission, Outcome, OutputStream, RunChange } from "./types";

interface FrameData {
  hello: { seq?: number; oldest: number };
  resync: { seq?: number };
  heartbeat: { seq?: number; covers?: number };
  error: { code: string };
  access: { role: Membership };
  presence: Record<string, unknown>;
  "file.changed": { path: string; revision: number; hash: string; author: Author; moved_from?: string };
  "file.set_aside": { path: string; aside: string; reason: string };
  "file.removed": { path: string; moved_to?: string; author?: Author };
  "agent.changed": {
    agent: number;
    role: string;
    state: AgentState;
    reason: string;
    next_run_at: string | null;
    activity: Activity;
  };
  "run.started": { run: string; agent: number; role: string; trigger: string };
  "run.finished": {
    run: string;
    agent: number;
    role: string;
    outcome: Outcome;
    reason: string;
    changes?: RunChange[];
  };
  "run.output": {
    run: string;
    agent: number;
    role: string;
    stream: OutputStream;
    offset: number;
    text: string;
  };
  "mission.changed": {
    state: Mission["state"];
    activity: Activity;
    title: string;
    /** What became of the budget, where that is the news. */
    budget?: { level: string };
  };
  "proposal.changed": { proposal: number; state: string };
}

export type FrameType = keyof FrameData;

/**
 * One message of the live socket; `seq` is null for those that are never repeated. One that stands
 * for several numbers, as of a burst of edits, says which is the first of them (`covers`).
 */
export type Frame = {
  [Type in FrameType]: {
    v: 1;
    type: Type;
    seq: number | null;
    covers?: number;
    at: string;
    data: FrameData[Type];
  };
}[FrameType];

export interface Changes {
  results: Frame[];
  seq: number;
  oldest: number;
  must_resync: boolean;
}
