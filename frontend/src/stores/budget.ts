import { defineStore } from "pinia";
import { shallowRef } from "vue";

import type { MissionBudget, MissionCaps } from "@/api/budgetTypes";
import { changeBudget, readBudget, readCostsToday } from "@/api/budgets";

/** What the open mission may cost, and what it and its agents have cost. */
export const useBudget = defineStore("budget", () => {
  const budget = shallowRef<MissionBudget | null>(null);
  const today = shallowRef<ReadonlyMap<string, string | null>>(new Map());
  let turn = 0;

  /** Fetch it; an answer that comes too late is dropped, and one that fails changes nothing. */
  async function load(mission: number): Promise<void> {
    const mine = ++turn;
    if (budget.value?.mission !== mission) {
      budget.value = null;
      today.value = new Map();
    }
    const found = await Promise.all([readBudget(mission), readCostsToday(mission)]).catch(() => null);
    if (!found || mine !== turn) return;
    budget.value = found[0];
    today.value = new Map(found[1].results.map((cost) => [cost.key, cost.cost]));
  }

  async function change(mission: number, caps: MissionCaps): Promise<void> {
    const changed = await changeBudget(mission, caps);
    turn += 1;
    if (budget.value?.mission === mission) budget.value = changed;
  }

  return { budget, today, load, change };
});
