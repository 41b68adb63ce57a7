import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";

import { gather } from "@/support/gather";

describe("gather", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function slow(milliseconds: number) {
    return vi.fn(() => new Promise<void>((resolve) => setTimeout(resolve, milliseconds)));
  }

  it("carries out the first call at once", () => {
    const action = slow(10);

    gather(action)();

    expect(action).toHaveBeenCalledTimes(1);
  });

  it("makes one of all calls while one is under way", async () => {
    const action = slow(3_000);
    const ask = gather(action);

    for (let call = 0; call < 50; call += 1) ask();
    await vi.advanceTimersByTimeAsync(2_999);
    expect(action).toHaveBeenCalledTimes(1);

    await vi.advanceTimersByTimeAsync(60_000);
    expect(action).toHaveBeenCalledTimes(2);
  });

  it("begins at most once a second, whatever is called for", async () => {
    const action = slow(10);
    const ask = gather(action);
    const caller = setInterval(ask, 20);

    await vi.advanceTimersByTimeAsync(10_000);
    clearInterval(caller);

    expect(action.mock.calls.length).toBeGreaterThanOrEqual(9);
    expect(action.mock.calls.length).toBeLessThanOrEqual(11);
  });

  it("goes at once again after a rest", async () => {
    const action = slow(10);
    const ask = gather(action);
    ask();
    await vi.advanceTimersByTimeAsync(1_000);

    ask();

    expect(action).toHaveBeenCalledTimes(2);
  });

  it("goes on after an action that failed", async () => {
    const action = vi.fn().mockRejectedValueOnce(new Error("down")).mockResolvedValue(undefined);
    const ask = gather(action);
    ask();
    ask();

    await vi.advanceTimersByTimeAsync(1_000);

    expect(action).toHaveBeenCalledTimes(2);
  });
});
