import { describe, expect, it } from "vitest";

import type { Breaker } from "@/api/healthTypes";
import type { Agent, AgentState, Health } from "@/api/types";
import { breakersOf, sharesOf, troubleOf } from "@/support/health";

function agent(state: AgentState, failure = "", more: { loop?: string; health?: Health } = {}) {
  const last_run = { failure } as Agent["last_run"];
  return { state, last_run, loop: "", health: "ok" as Health, ...more };
}

describe("what keeps an agent from its work", () => {
  it("is what its last run failed of, while it waits for that", () => {
    expect(troubleOf(agent("PAUSED_BREAKER", "unauthorized"))).toBe("key_refused");
    expect(troubleOf(agent("BACKING_OFF", "rate_limited"))).toBe("provider_ill");
    expect(troubleOf(agent("PAUSED_BREAKER", "breaker_open"))).toBe("provider_ill");
    expect(troubleOf(agent("IDLE", "context_too_long", { health: "failing" }))).toBe("too_long");
  });

  it("lies with the installation where nobody knows the failure", () => {
    expect(troubleOf(agent("BACKING_OFF", "new_in_a_later_version"))).toBe("house");
  });

  it("is not guessed at before its last run has been fetched", () => {
    expect(troubleOf({ ...agent("BACKING_OFF"), last_run: null })).toBeNull();
    expect(troubleOf(agent("BACKING_OFF"))).toBeNull();
  });

  it("is the circle or the budget before all else", () => {
    expect(troubleOf(agent("PAUSED_BREAKER", "unauthorized", { loop: "returned" }))).toBe("circle");
    expect(troubleOf(agent("PAUSED_BUDGET", "unauthorized"))).toBe("budget");
  });

  it("is nothing where it is well, or stopped", () => {
    expect(troubleOf(agent("IDLE", "unauthorized"))).toBeNull();
    expect(troubleOf(agent("SETTLED", "", { health: "resting" }))).toBeNull();
    expect(troubleOf(agent("STOPPED", "unauthorized", { loop: "returned" }))).toBeNull();
  });

  it("is time itself where it is late or stuck", () => {
    expect(troubleOf(agent("QUEUED", "", { health: "late" }))).toBe("late");
    expect(troubleOf(agent("RUNNING", "", { health: "stuck" }))).toBe("stuck");
  });
});

describe("models left alone", () => {
  const breaker = (model: string) => ({ model, state: "open" }) as Breaker;

  it("are shown where an agent of the team needs them and has not been stopped", () => {
    const waiting = { effective_model: "openai/a", state: "PAUSED_BREAKER" as AgentState };
    const stopped = { effective_model: "openai/b", state: "STOPPED" as AgentState };

    const found = breakersOf([waiting, stopped], [breaker("openai/a"), breaker("openai/b"), breaker("x/c")]);

    expect(found).toEqual([{ breaker: breaker("openai/a"), waiting: [waiting] }]);
  });
});

describe("shares of a time", () => {
  it("stand with the longest first, without what nobody would see", () => {
    expect(sharesOf({ IDLE: 256, SETTLED: 767, RUNNING: 1 })).toEqual([
      { state: "SETTLED", share: 767 / 1024 }, { state: "IDLE", share: 0.25 },
    ]);
    expect(sharesOf({})).toEqual([]);
    expect(sharesOf({ IDLE: 0 })).toEqual([]);
  });
});
