import { Text } from "@codemirror/state";
import { describe, expect, it } from "vitest";

import { changesBetween, rebasedChanges } from "@/support/rebase";

const textOf = (value: string) => Text.of(value.split("\n"));

describe("changesBetween", () => {
  it.each([
    ["", "a\nb"],
    ["a\nb\nc", "a\nc"],
    ["one two three", "one 2 three, four"],
  ])("leads from %j to %j", (before, after) => {
    expect(changesBetween(before, after).apply(textOf(before)).toString()).toBe(after);
  });
});

describe("rebasedChanges", () => {
  it("takes in what others wrote around what was typed", () => {
    const changes = rebasedChanges("one\ntwo, typed\n", "one\ntwo\n", "zero\none\ntwo\n");

    expect(changes.apply(textOf("one\ntwo, typed\n")).toString()).toBe("zero\none\ntwo, typed\n");
  });

  it("moves a cursor only as far as the text before it grew", () => {
    const changes = rebasedChanges("one\ntwo\n", "one\ntwo\n", "zero\none\ntwo\nthree\n");

    expect(changes.mapPos(5)).toBe(10);
  });
});
