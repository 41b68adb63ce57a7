import { describe, expect, it } from "vitest";

import type { RunStep } from "@/api/runTypes";
import { timelineOf } from "@/support/steps";
import { millisecondsText } from "@/support/time";

function step(name: string, second: number | null, milliseconds: number): RunStep {
  const began_at = second === null ? null : `2026-03-14T15:00:0${second}+00:00`;
  return { step: name, began_at, milliseconds };
}

describe("the timeline of a run", () => {
  it("places each step by the moment it began", () => {
    const { bars, total } = timelineOf([step("lease", 0, 500), step("work", 1, 3000)]);

    expect(total).toBe(4000);
    expect(bars.map(({ from, width }) => [from, width])).toEqual([[0, 0.125], [0.25, 0.75]]);
  });

  it("lays steps without moments one after another", () => {
    const { bars, total } = timelineOf([step("lease", null, 1000), step("work", null, 3000)]);

    expect(total).toBe(4000);
    expect(bars.map((bar) => bar.from)).toEqual([0, 0.25]);
  });

  it("never begins before the run, and bears steps of no length", () => {
    expect(timelineOf([step("lease", 5, 10), step("work", 1, 10)]).bars[1]?.from).toBe(0);
    expect(timelineOf([step("lease", 0, 0)])).toMatchObject({ total: 0, bars: [{ from: 0, width: 0 }] });
    expect(timelineOf([])).toEqual({ bars: [], total: 0 });
  });
});

describe("a duration", () => {
  it.each([
    [0.2, "< 1 ms"],
    [4.4, "4 ms"],
    [840, "0.8 sec"],
    [12_400, "12 sec"],
    [72_000, "1:12"],
  ])("of %s milliseconds is %s", (milliseconds, text) => {
    expect(millisecondsText(milliseconds, "en")).toBe(text);
  });
});
