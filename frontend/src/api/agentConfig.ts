import type { MissionCaps } from "./budgetTypes";
import type { AgentMode } from "./guidance";
import { request } from "./http";

/** How an agent works, and what it may use a day. */

export interface AgentConfig {
  model: string;
  effective_model: string;
  mode: AgentMode;
  /** Seconds; null: as its role says. */
  shortest: number | null;
  longest: number | null;
  effective_shortest: number;
  effective_longest: number;
  writes: string[];
  watches: string[];
  reads: string[];
}

export type AgentCaps = Pick<MissionCaps, "day_dollars" | "day_tokens" | "day_calls">;

/** What is given changes; empty patterns are the role's. */
export type ConfigChange = Partial<
  Pick<AgentConfig, "mode" | "shortest" | "longest" | "writes" | "watches" | "reads">
>;

export const readConfig = (id: number) => request<AgentConfig>("GET", `agents/${id}/config`);
export const readAgentBudget = (id: number) => request<{ caps: AgentCaps }>("GET", `agents/${id}/budget`);
export const saveAgentBudget = (id: number, body: Partial<Record<keyof AgentCaps, unknown>>) =>
  request<{ caps: AgentCaps }>("PUT", `agents/${id}/budget`, { body });
