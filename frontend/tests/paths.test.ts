import { describe, expect, it } from "vitest";

import { matchesPattern, pathProblem, treeRows } from "@/support/paths";

describe("pathProblem", () => {
  it.each(["notes.md", "notes/été 2026 (v2).md", "a/b/c/d.json"])("accepts %s", (path) => {
    expect(pathProblem(path, [])).toBeNull();
  });

  it.each([
    ["", "badPath"],
    ["../x.md", "badPath"],
    ["/x.md", "badPath"],
    [".env", "badPath"],
    ["a//b.md", "badPath"],
    ["a\\b.md", "badPath"],
    ["a/b/c/d/e/f/g/h/i.md", "badPath"],
    [`${"x".repeat(200)}.md`, "badPath"],
    ["x.exe", "badExtension"],
    ["folder", "badExtension"],
    ["Notes.md", "exists"],
  ])("refuses %j as %s", (path, problem) => {
    expect(pathProblem(path, ["notes.md"])).toBe(problem);
  });
});

describe("matchesPattern", () => {
  it.each([
    ["production/**", "production/a/b.md", true],
    ["production/**", "production.md", false],
    ["*.md", "a.md", true],
    ["*.md", "a/b.md", false],
    ["a.md", "aXmd", false],
  ])("%s and %s: %s", (pattern, path, matches) => {
    expect(matchesPattern(pattern, path)).toBe(matches);
  });
});

describe("treeRows", () => {
  it("puts the standard documents first and files of a folder below its name", () => {
    const files = [
      { path: "zebra.md", role: null },
      { path: "production/annex.md", role: "production" },
      { path: "production.md", role: "production" },
      { path: "demande.md", role: "request" },
    ];

    const rows = treeRows(files, ["request", "production"]);

    expect(rows.map((row) => `${row.depth} ${row.name}`)).toEqual([
      "0 demande.md", "0 production.md", "0 zebra.md", "0 production", "1 annex.md",
    ]);
  });
});
