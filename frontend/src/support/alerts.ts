import type { AlertMeasure, AlertRule, AlertTerms } from "@/api/alerts";

export const WINDOWS = [0, 60, 300, 900, 3600, 21_600, 86_400] as const;
export const COOL_DOWNS = [0, 300, 900, 3600, 21_600, 86_400] as const;

/** The lengths to choose from, and the one that was chosen elsewhere. */
export function lengths(offered: readonly number[], chosen: number): number[] {
  return [...new Set([...offered, chosen])].sort((one, other) => one - other);
}

/** What a person wrote as a threshold; undefined where it is none. */
export function readThreshold(text: string): number | undefined {
  const plain = text.trim().replace(",", ".");
  if (!/^\d+(\.\d+)?$/.test(plain)) return undefined;
  const value = Number(plain);
  return value <= 1e9 ? value : undefined;
}

/** What a person said of a rule, without what it has come to. */
export function ownTerms(rule: AlertRule): AlertTerms {
  const { name, comparison, threshold, clear_at, window, cool_down, level, channels, is_on } = rule;
  return { name, comparison, threshold, clear_at, window, cool_down, level, channels: [...channels], is_on };
}

/** What a form begins with: the rule's own terms, or those that its measure proposes. */
export function termsOf(rule: AlertRule | null, measure: AlertMeasure): AlertTerms {
  if (rule) return ownTerms(rule);
  return {
    name: "",
    comparison: measure.comparison,
    threshold: measure.threshold,
    clear_at: null,
    window: measure.window,
    cool_down: 900,
    level: "warning",
    channels: [],
    is_on: true,
  };
}
