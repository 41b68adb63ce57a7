import { ChangeSet, Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";

import { followChange, letterOf, originsOf, stretchAt, UNKNOWN, YOURS } from "@/support/provenance";
import { changesBetween } from "@/support/rebase";

const textOf = (value: string) => Text.of(value.split("\n"));

function follow(before: string, after: string, origins: number[], fresh = YOURS) {
  return followChange(origins, textOf(before), textOf(after), changesBetween(before, after), fresh);
}

describe("originsOf", () => {
  it("gives each line its revision, and the empty last one to nobody", () => {
    expect(originsOf([[2, 1], [1, 4]], 4)).toEqual([1, 1, 4, UNKNOWN]);
  });

  it("never has more lines than the text", () => {
    expect(originsOf([[5, 1]], 2)).toEqual([1, 1]);
  });
});

describe("followChange", () => {
  it.each([
    ["a line below", "a\nb", "a\nb\nmine", [1, 2], [1, 2, YOURS]],
    ["a line between", "a\nb", "a\nmine\nb", [1, 2], [1, YOURS, 2]],
    ["a line above", "a\nb", "mine\na\nb", [1, 2], [YOURS, 1, 2]],
    ["a word", "a\nbe\nc", "a\nbee\nc", [1, 2, 3], [1, YOURS, 3]],
    ["a line less", "a\nb\nc", "a\nc", [1, 2, 3], [1, 3]],
    ["everything", "a\nb", "x", [1, 2], [YOURS]],
    ["nothing", "a\nb", "a\nb", [1, 2], [1, 2]],
  ])("follows %s", (_what, before, after, origins, expected) => {
    expect(follow(before, after, origins)).toEqual(expected);
  });

  it("follows two changes in one line, and another below", () => {
    const before = textOf("one two three\nb\nc");
    const specs = [{ from: 0, insert: "x" }, { from: 8, insert: "y" }, { from: 16, insert: "z\n" }];
    const changes = ChangeSet.of(specs, before.length);

    const origins = followChange([1, 2, 3], before, changes.apply(before), changes, YOURS);

    expect(origins).toEqual([YOURS, 2, YOURS, 3]);
  });

  it("has one origin for each line, whatever is typed", () => {
    let seed = 7;
    const random = (below: number) => (seed = (seed * 16_807) % 2_147_483_647) % below;
    let text = textOf("a\nb\n\nc");
    let origins: readonly number[] = [1, 2, 3, 4];
    for (let turn = 0; turn < 500; turn += 1) {
      const cuts = [0, 0, 0, 0].map(() => random(text.length + 1)).sort((a, b) => a - b);
      const insert = () => ["", "x", "\n", "p\nq", "\n\n"][random(5)] ?? "";
      const [a = 0, b = 0, c = 0, d = 0] = cuts;
      const specs = [{ from: a, to: b, insert: insert() }, { from: c, to: d, insert: insert() }];
      const changes = ChangeSet.of(specs, text.length);
      const next = changes.apply(text);
      origins = followChange(origins, text, next, changes, YOURS);
      text = next;
      expect(origins.length).toBe(text.lines);
    }
  });

  it("does not say whose the lines of others are before the server does", () => {
    expect(follow("a", "a\ntheirs", [1], UNKNOWN)).toEqual([1, UNKNOWN]);
  });
});

describe("stretchAt", () => {
  it("is what one revision wrote around a line", () => {
    expect(stretchAt([1, 2, 2, 1, UNKNOWN], 3)).toEqual({ revision: 2, start: 2, end: 3 });
    expect(stretchAt([1, UNKNOWN], 2)).toBeNull();
  });
});

describe("letterOf", () => {
  it("is there for everybody", () => {
    expect(letterOf({ kind: "person", name: "ada", role: null, run: null }, "ada")).toBe("A");
    expect(letterOf({ kind: "system", name: "system", role: null, run: null }, "Parallagon")).toBe("·");
    expect(letterOf(null, "")).toBe("·");
  });
});
