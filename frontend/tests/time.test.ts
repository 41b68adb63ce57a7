import { describe, expect, it } from "vitest";

import { agoText, clockText, runSeconds, secondsUntil } from "@/support/time";

const NOW = Date.parse("2026-01-01T12:00:00Z");

describe("countdown", () => {
  it.each([
    ["2026-01-01T12:00:09Z", 9],
    ["2026-01-01T12:00:00.200Z", 1],
    ["2026-01-01T12:00:00Z", 0],
    ["2026-01-01T11:59:00Z", 0],
  ])("until %s is %i seconds", (at, seconds) => {
    expect(secondsUntil(at, NOW)).toBe(seconds);
  });

  it.each([null, "soon"])("is none for %s", (at) => {
    expect(secondsUntil(at, NOW)).toBeNull();
  });

  it.each([
    [0, "0:00"],
    [9, "0:09"],
    [270, "4:30"],
    [3723, "1:02:03"],
  ])("shows %i seconds as %s", (seconds, text) => {
    expect(clockText(seconds)).toBe(text);
  });
});

describe("durations", () => {
  it("counts a run that goes on up to now, and one that ended up to its end", () => {
    expect(runSeconds("2026-01-01T11:59:30Z", null, NOW)).toBe(30);
    expect(runSeconds("2026-01-01T11:59:30Z", "2026-01-01T11:59:42Z", NOW)).toBe(12);
    expect(runSeconds(null, null, NOW)).toBeNull();
  });

  it("tells the past in the reader's language", () => {
    expect(agoText("2026-01-01T11:57:00Z", NOW, "en", "just now")).toBe("3 min. ago");
    expect(agoText("2026-01-01T10:00:00Z", NOW, "fr", "à l’instant")).toMatch(/il y a 2\sh/);
    expect(agoText("2026-01-01T12:00:03Z", NOW, "en", "just now")).toBe("just now");
  });
});
