/** Money and budgets, as people read them. */

import type { BudgetLevel, BudgetScope, Measure, MissionBudget } from "@/api/budgetTypes";

const SMALLEST = 0.0001;

/** "$0.05"; small amounts keep what counts in them, and only none is "$0.00". */
export function dollarsText(amount: string | number, locale: string): string {
  const value = Number(amount);
  if (value > 0 && value < SMALLEST) return `< ${dollarsText(SMALLEST, locale)}`;
  return new Intl.NumberFormat(locale, {
    style: "currency",
    currency: "USD",
    currencyDisplay: "narrowSymbol",
    maximumFractionDigits: value > 0 && value < 0.1 ? 4 : 2,
    minimumFractionDigits: 2,
  }).format(value);
}

export interface Tight {
  scope: BudgetScope;
  measure: Measure;
}

/** The cap of which most is used; null where nothing is capped. */
export function tightest(budget: MissionBudget): Tight | null {
  const capped = budget.standings.flatMap(({ scope, measures }) =>
    measures.filter((measure) => measure.share !== null).map((measure) => ({ scope, measure })),
  );
  return capped.reduce<Tight | null>(
    (most, one) => (most && (most.measure.share ?? 0) >= (one.measure.share ?? 0) ? most : one),
    null,
  );
}

/** What was spent in money in a scope, and its cap. */
export function moneyOf(budget: MissionBudget, scope: BudgetScope): Measure | null {
  const standing = budget.standings.find((one) => one.scope === scope);
  return standing?.measures.find((measure) => measure.kind === "cost") ?? null;
}

const LEVELS: BudgetLevel[] = ["fine", "warning", "reached"];

export function worst(budget: MissionBudget): BudgetLevel {
  const found = budget.standings.map((standing) => LEVELS.indexOf(standing.level));
  return LEVELS[Math.max(0, ...found)] ?? "fine";
}

/** What a field for dollars holds: null for nothing, undefined for what is no amount. */
export function readDollars(text: string): string | null | undefined {
  const plain = text.trim().replace(",", ".");
  if (!plain) return null;
  return /^\d{1,9}(\.\d{1,9})?$/.test(plain) ? plain : undefined;
}

/** What a field for a whole number holds: null for nothing, undefined for what is none. */
export function readCount(text: string): number | null | undefined {
  const plain = text.trim();
  if (!plain) return null;
  return /^\d{1,15}$/.test(plain) ? Number(plain) : undefined;
}
