import { describe, expect, it } from "vitest";

import { compareTexts, composeText, splitLines, type Choice } from "@/support/blocks";

const kinds = (base: string, mine: string, theirs: string) =>
  compareTexts(base, mine, theirs).map((block) => block.kind);

function compose(base: string, mine: string, theirs: string, ...choices: Choice[]): string {
  const blocks = compareTexts(base, mine, theirs);
  const disputed = blocks.flatMap((block, index) => (block.kind === "conflict" ? [index] : []));
  return composeText(blocks, new Map(disputed.map((index, place) => [index, choices[place] ?? "mine"])));
}

describe("compareTexts", () => {
  it("puts changes to different places together by itself", () => {
    const [base, mine, theirs] = ["a\nb\nc\nd\n", "A\nb\nc\nd\n", "a\nb\nc\nD\n"];

    expect(kinds(base, mine, theirs)).toEqual(["mine", "same", "theirs"]);
    expect(compose(base, mine, theirs)).toBe("A\nb\nc\nD\n");
  });

  it("finds no conflict where both changed alike", () => {
    expect(kinds("a\nb\n", "a\nB\n", "a\nB\n")).toEqual(["same", "both"]);
  });

  it("names a passage that both changed differently", () => {
    expect(kinds("a\nb\nc\n", "a\nmine\nc\n", "a\ntheirs\nc\n")).toEqual(["same", "conflict", "same"]);
  });

  it("sees a conflict where one removed what the other changed", () => {
    expect(kinds("a\nb\nc\n", "a\nc\n", "a\nB\nc\n")).toContain("conflict");
  });

  it("gives each side's own text back when one side is chosen throughout", () => {
    const base = "title\n\none\ntwo\nthree\n\nend";
    const mine = "Title\n\none\n2\nthree\nmore\n\nend\n";
    const theirs = "title!\n\none\nTWO\nthree\n\nthe end";
    const blocks = compareTexts(base, mine, theirs);

    for (const side of ["mine", "theirs", "base"] as const) {
      const whole = blocks.map((block) => block[side].join("")).join("");
      expect(whole).toBe({ mine, theirs, base }[side]);
    }
  });
});

describe("choices by block", () => {
  const [base, mine, theirs] = ["a\nb\nc\nd\ne\n", "a\nB1\nc\nD1\ne\n", "a\nB2\nc\nD2\ne\n"];

  it.each<[Choice[], string]>([
    [["mine", "theirs"], "a\nB1\nc\nD2\ne\n"],
    [["theirs", "mine"], "a\nB2\nc\nD1\ne\n"],
    [["both", "base"], "a\nB2\nB1\nc\nd\ne\n"],
  ])("%j leads to its text", (choices, text) => {
    expect(compose(base, mine, theirs, ...choices)).toBe(text);
  });

  it("keeps both on lines of their own at the end of a file without a last line break", () => {
    expect(compose("a", "mine", "theirs", "both")).toBe("theirs\nmine");
  });
});

describe("splitLines", () => {
  it.each(["", "a", "a\n", "\n\n", "a\r\nb", "a\n\nb\n"])("loses nothing of %j", (text) => {
    expect(splitLines(text).join("")).toBe(text);
  });
});
