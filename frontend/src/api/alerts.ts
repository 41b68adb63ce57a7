import { request } from "./http";

export type AlertUnit = "percent" | "count" | "seconds" | "a_minute";
export type AlertComparison = "above" | "below";
export type AlertLevel = "info" | "success" | "warning" | "error";
export type RuleState = "OK" | "PENDING" | "FIRING" | "CLEARED" | "NO_ANSWER";
export type AlertScope = "installation" | "mission";

/** Something that can be watched, and what a new rule begins with. */
export interface AlertMeasure {
  key: string;
  label: string;
  help: string;
  unit: AlertUnit;
  scopes: AlertScope[];
  is_counted: boolean;
  comparison: AlertComparison;
  threshold: number;
  window: number;
}

export interface AlertTerms {
  name: string;
  comparison: AlertComparison;
  threshold: number;
  clear_at: number | null;
  window: number;
  cool_down: number;
  level: AlertLevel;
  channels: string[];
  is_on: boolean;
}

export interface AlertRule extends AlertTerms {
  id: number;
  mission: number | null;
  measure: string;
  label: string;
  state: RuleState;
  state_changed_at: string;
  value: number | null;
}

/** The mission whose rules are meant; null is the installation. */
export type AlertPlace = number | null;

const RULES = "alerts/rules/";

export const listMeasures = () => request<{ results: AlertMeasure[] }>("GET", "alerts/measures/");
export const listRules = (place: AlertPlace) =>
  request<{ results: AlertRule[] }>(
    "GET",
    `${RULES}?page_size=200&${place === null ? "scope=installation" : `mission=${place}`}`,
  );
export const createRule = (place: AlertPlace, measure: string, body: AlertTerms) =>
  request<AlertRule>("POST", RULES, { body: { ...body, mission: place, measure } });
export const changeRule = (id: number, body: Partial<AlertTerms>) =>
  request<AlertRule>("PATCH", `${RULES}${id}/`, { body });
export const removeRule = (id: number) => request<undefined>("DELETE", `${RULES}${id}/`);
export const testRule = (id: number) => request<{ told: boolean }>("POST", `${RULES}${id}/test`);
