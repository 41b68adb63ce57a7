/** The shapes of budgets and costs. Money is US dollars as text. */

export interface MissionCaps {
  dollars: string | null;
  tokens: number | null;
  calls: number | null;
  day_dollars: string | null;
  day_tokens: number | null;
  day_calls: number | null;
}

export type MeasureKind = "cost" | "output_tokens" | "calls";
export type BudgetScope = "agent_day" | "mission_day" | "mission" | "day";
export type BudgetLevel = "fine" | "warning" | "reached";

export interface Measure {
  kind: MeasureKind;
  used: string;
  held: string;
  cap: string | null;
  is_own: boolean;
  share: number | null;
  level: BudgetLevel;
}

export interface Standing {
  scope: BudgetScope;
  level: BudgetLevel;
  renewed_at: string | null;
  measures: Measure[];
}

export interface MissionBudget {
  mission: number;
  caps: MissionCaps;
  standings: Standing[];
}

export interface Cost {
  key: string;
  cost: string | null;
  calls: number;
  output_tokens: number;
}

export interface Costs {
  results: Cost[];
  total: Cost;
}
