import { describe, expect, it } from "vitest";

import type { Measure, MissionBudget } from "@/api/budgetTypes";
import { dollarsText, moneyOf, readCount, readDollars, tightest, worst } from "@/support/money";

function measure(kind: Measure["kind"], share: number | null): Measure {
  const level = share === null || share < 0.8 ? "fine" : share < 1 ? "warning" : "reached";
  return { kind, used: "1", held: "0", cap: share === null ? null : "2", is_own: false, share, level };
}

function budget(day: number | null, total: number | null): MissionBudget {
  const none = { dollars: null, tokens: null, calls: null };
  const level = (share: number | null) => measure("cost", share).level;
  return {
    mission: 1,
    caps: { ...none, day_dollars: null, day_tokens: null, day_calls: null },
    standings: [
      { scope: "mission_day", level: level(day), renewed_at: null, measures: [measure("cost", day)] },
      { scope: "mission", level: level(total), renewed_at: null, measures: [measure("cost", total)] },
    ],
  };
}

describe("dollars", () => {
  it.each([
    ["0", "en", "$0.00"],
    ["0.0123", "en", "$0.0123"],
    ["0.000013", "en", "< $0.0001"],
    ["0.05", "en", "$0.05"],
    ["1234.5", "en", "$1,234.50"],
  ])("of %s in %s are %s", (amount, locale, text) => {
    expect(dollarsText(amount, locale)).toBe(text);
  });

  it("are French in French", () => {
    expect(dollarsText("0.5", "fr").replace(/\s/g, " ")).toBe("0,50 $");
  });

  it.each([
    ["", null],
    [" 0,5 ", "0.5"],
    ["12", "12"],
    ["-1", undefined],
    ["1e5", undefined],
    ["much", undefined],
  ])("are read from “%s”", (text, value) => {
    expect(readDollars(text)).toBe(value);
  });
});

describe("a count", () => {
  it.each([
    ["", null],
    ["12", 12],
    ["1.5", undefined],
  ])("is read from “%s”", (text, value) => {
    expect(readCount(text)).toBe(value);
  });
});

describe("a budget", () => {
  it("names the cap of which most is used", () => {
    expect(tightest(budget(0.2, 0.9))?.scope).toBe("mission");
    expect(tightest(budget(0.2, null))?.scope).toBe("mission_day");
    expect(tightest(budget(null, null))).toBeNull();
  });

  it("is as bad as its worst scope", () => {
    expect(worst(budget(0.1, 0.85))).toBe("warning");
    expect(worst(budget(1.2, 0.85))).toBe("reached");
    expect(worst(budget(null, null))).toBe("fine");
  });

  it("tells its money by scope", () => {
    expect(moneyOf(budget(0.5, null), "mission")?.cap).toBeNull();
    expect(moneyOf(budget(0.5, null), "day")).toBeNull();
  });
});
