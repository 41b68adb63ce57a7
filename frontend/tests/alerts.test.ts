import { describe, expect, it } from "vitest";

import type { AlertMeasure } from "@/api/alerts";
import { lengths, readThreshold, termsOf } from "@/support/alerts";

const measure: AlertMeasure = {
  key: "disk.used",
  label: "disk used",
  help: "",
  unit: "percent",
  scopes: ["installation"],
  is_counted: false,
  comparison: "above",
  threshold: 90,
  window: 300,
};

describe("readThreshold", () => {
  it("reads plain numbers, with a point or a comma", () => {
    expect(["80", " 0.5 ", "0,5", "1000000000"].map(readThreshold)).toEqual([80, 0.5, 0.5, 1e9]);
  });

  it("refuses everything else", () => {
    const odd = ["", " ", "-1", "1e3", "NaN", "1.2.3", "80 %", "1000000001", "Infinity", "0x10"];
    expect(odd.map(readThreshold)).toEqual(odd.map(() => undefined));
  });
});

describe("lengths", () => {
  it("keeps one that was chosen elsewhere, in its place", () => {
    expect(lengths([0, 60, 300], 90)).toEqual([0, 60, 90, 300]);
    expect(lengths([0, 60, 300], 60)).toEqual([0, 60, 300]);
  });
});

describe("termsOf", () => {
  it("begins a new rule with what its measure proposes", () => {
    expect(termsOf(null, measure)).toMatchObject({ threshold: 90, window: 300, clear_at: null, is_on: true });
  });

  it("takes the terms of a rule and nothing else", () => {
    const rule = {
      ...termsOf(null, measure),
      id: 1, mission: null, measure: "disk.used", label: "disk used", state: "OK" as const,
      state_changed_at: "", value: 3, threshold: 70,
    };
    expect(termsOf(rule, measure)).toEqual({ ...termsOf(null, measure), threshold: 70 });
  });
});
