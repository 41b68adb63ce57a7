import { defineStore } from "pinia";
import { shallowRef } from "vue";

import type { MissionBudget, MissionCaps } from "@/api/budgetTypes";
import { changeBudget, readBudget, readCostsToday } from "@/api/budgets";
import { gather } from "@/support/gather";

/** What the open mission may cost, and what it and its agents have cost. */
export const useBudget = defineStore("budget", () => {
  const budget = shallowRef<MissionBudget | null>(null);
  const today = shallowRef<ReadonlyMap<string, string | null>>(new Map());
  let open: number | null = null;
  let turn = 0;
  let ask = (): void => undefined;

  /** Ask for it, together with who asks within the same second; another mission is asked for at once. */
  function load(mission: number): void {
    if (mission !== open) {
      open = mission;
      budget.value = null;
      today.value = new Map();
      ask = gather(() => read(mission));
    }
    ask();
  }

  /** Fetch it; an answer that comes too late is dropped, and one that fails changes nothing. */
  async function read(mission: number): Promise<void> {
    if (mission !== open) return;
    const mine = turn;
    const found = await Promise.all([readBudget(mission), readCostsToday(mission)]).catch(() => null);
    if (!found || mission !== open || mine !== turn) return;
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
