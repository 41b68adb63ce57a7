import { request } from "./http";
import type { Costs, MissionBudget, MissionCaps } from "./budgetTypes";

export const readBudget = (mission: number) =>
  request<MissionBudget>("GET", `missions/${mission}/budget`);
export const changeBudget = (mission: number, body: MissionCaps) =>
  request<MissionBudget>("PUT", `missions/${mission}/budget`, { body });
/** What each agent has cost since midnight UTC. */
export const readCostsToday = (mission: number) =>
  request<Costs>("GET", `missions/${mission}/costs?by=agent&days=1`);
