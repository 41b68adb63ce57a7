/** The steps of a run as bars on one line of time. */

import type { RunStep } from "@/api/runTypes";

export interface Bar extends RunStep {
  /** Where the bar begins and how wide it is, as shares of the whole. */
  from: number;
  width: number;
}

export interface Timeline {
  bars: Bar[];
  /** Milliseconds from the first step's beginning to the last one's end. */
  total: number;
}

/** Lay the steps one after another; waits between them count where their moments are known. */
export function timelineOf(steps: RunStep[]): Timeline {
  const start = Date.parse(steps[0]?.began_at ?? "");
  let total = 0;
  const placed = steps.map((step) => {
    const begun = Date.parse(step.began_at ?? "") - start;
    // A clock that was set back must not put a step before the run.
    const from = Number.isNaN(begun) ? total : Math.max(begun, 0);
    total = Math.max(total, from + step.milliseconds);
    return { ...step, from };
  });
  const share = (part: number) => (total ? part / total : 0);
  const bars = placed.map((step) => ({ ...step, from: share(step.from), width: share(step.milliseconds) }));
  return { bars, total };
}
