import { describe, expect, it } from "vitest";

import { linesOf, matched, matches } from "@/support/patterns";

describe("a pattern", () => {
  it.each([
    ["production.md", "production.md", true],
    ["production.md", "productionXmd", false],
    ["*.md", "a.md", true],
    ["*.md", "notes/a.md", false],
    ["production/**", "production/a/b.md", true],
    ["production/**", "production.md", false],
    ["**/a.md", "x/y/a.md", true],
    ["?.md", "é.md", true],
    ["?.md", "ab.md", false],
    ["a (1)+[x].md", "a (1)+[x].md", true],
    ["", "a.md", false],
  ])("%s for %s: %s", (pattern, path, expected) => {
    expect(matches(pattern, path)).toBe(expected);
  });
});

describe("lines", () => {
  it("are trimmed, each once", () => {
    expect(linesOf(" a.md \n\nb/**\na.md\n")).toEqual(["a.md", "b/**"]);
  });

  it("stand for the files that one of them matches", () => {
    expect(matched(["*.md", "b/**"], ["a.md", "b/c.txt", "d.txt"])).toEqual(["a.md", "b/c.txt"]);
    expect(matched([], ["a.md"])).toEqual([]);
  });
});
