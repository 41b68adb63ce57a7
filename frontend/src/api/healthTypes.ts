/** How agents and their models are. */

import type { AgentState, Health } from "./types";

export interface AgentStatus {
  id: number;
  state: AgentState;
  health: Health;
}

/** A model that is left alone since its provider is ill; `half_open`: one run asks it. */
export interface Breaker {
  model: string;
  state: "open" | "half_open";
  failure: string;
  opened_at: string;
  retry_at: string;
}

/** How steadily an agent worked in the last days. */
export interface Stability {
  /** In each state, by its code. */
  seconds: Partial<Record<AgentState, number>>;
  transition_count: number;
  cycle_count: number;
  skip_count: number;
  failure_count: number;
  failures_a_day: number | null;
  mean_recovery_seconds: number | null;
  mean_cycle_seconds: number | null;
  skipped_share: number | null;
  is_truncated: boolean;
}
