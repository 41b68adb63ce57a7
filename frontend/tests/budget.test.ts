import { createPinia, setActivePinia } from "pinia";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import type { MissionBudget } from "@/api/budgetTypes";
import { changeBudget, readBudget, readCostsToday } from "@/api/budgets";
import { useBudget } from "@/stores/budget";

vi.mock("@/api/budgets");

function budgetOf(mission: number, calls: number | null = null): MissionBudget {
  return { mission, caps: { day_calls: calls }, standings: [] } as unknown as MissionBudget;
}

/** Let the next answer wait until it is given. */
function holdBack(): (budget: MissionBudget) => void {
  let give: (budget: MissionBudget) => void;
  vi.mocked(readBudget).mockImplementationOnce(() => new Promise((resolve) => (give = resolve)));
  return (budget) => give(budget);
}

describe("the budget of the open mission", () => {
  beforeEach(() => {
    vi.useFakeTimers();
    setActivePinia(createPinia());
    vi.mocked(readBudget).mockReset().mockImplementation(async (mission) => budgetOf(mission));
    vi.mocked(readCostsToday).mockReset().mockResolvedValue({ results: [] } as never);
  });
  afterEach(() => void vi.useRealTimers());

  it("is asked for at most once a second, however many runs end", async () => {
    const store = useBudget();

    for (let run = 0; run < 100; run += 1) {
      store.load(3);
      await vi.advanceTimersByTimeAsync(30);
    }

    expect(vi.mocked(readBudget).mock.calls.length).toBeLessThanOrEqual(4);
    expect(store.budget?.mission).toBe(3);
  });

  it("is asked for at once when another mission is opened, and what comes of the last one is dropped", async () => {
    const store = useBudget();
    const answerLate = holdBack();
    store.load(3);

    store.load(4);
    await vi.advanceTimersByTimeAsync(0);
    answerLate(budgetOf(3));
    await vi.advanceTimersByTimeAsync(5_000);

    expect(store.budget?.mission).toBe(4);
    expect(vi.mocked(readBudget).mock.calls).toEqual([[3], [4]]);
  });

  it("is not put back by an answer older than its change", async () => {
    const store = useBudget();
    store.load(3);
    await vi.advanceTimersByTimeAsync(2_000);
    const answerLate = holdBack();
    vi.mocked(changeBudget).mockResolvedValue(budgetOf(3, 7));
    store.load(3);

    await store.change(3, { day_calls: 7 } as never);
    answerLate(budgetOf(3, 1));
    await vi.advanceTimersByTimeAsync(0);

    expect(store.budget?.caps.day_calls).toBe(7);
  });
});
