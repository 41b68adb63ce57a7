import { describe, expect, it } from "vitest";

import { comparePassages, parseUnified } from "@/support/unified";

const DIFF = `--- a/production.md
+++ b/production.md
@@ -3,4 +3,5 @@ Needs
 kept
--- a rule
-The clinic sees 300 patients.
++++ a plus
+The clinic sees 340 patients.
+
 end
\\ No newline at end of file
`;

describe("parseUnified", () => {
  it("numbers the lines on both sides and keeps lines that look like headers", () => {
    const lines = parseUnified(DIFF)[0]?.lines.map(({ kind, before, after, pieces }) => [
      kind,
      before,
      after,
      pieces.map((piece) => piece.text).join(""),
    ]);

    expect(lines).toEqual([
      ["context", 3, 3, "kept"],
      ["removed", 4, null, "-- a rule"],
      ["removed", 5, null, "The clinic sees 300 patients."],
      ["added", null, 4, "+++ a plus"],
      ["added", null, 5, "The clinic sees 340 patients."],
      ["added", null, 6, ""],
      ["context", 6, 7, "end"],
    ]);
  });

  it("marks the words that changed where lines were replaced one for one", () => {
    const [removed, added] = parseUnified("@@ -1 +1 @@\n-two people a day\n+two people a week\n")[0]?.lines ?? [];

    expect(removed?.pieces.find((piece) => piece.isChanged)?.text).toBe("day");
    expect(added?.pieces.find((piece) => piece.isChanged)?.text).toBe("week");
  });

  it("gives nothing for an empty diff", () => {
    expect(parseUnified("")).toEqual([]);
  });
});

describe("comparePassages", () => {
  it("gives both passages back whole", () => {
    const { before, after } = comparePassages("a b c", "a c d");

    expect(before.map((piece) => piece.text).join("")).toBe("a b c");
    expect(after.map((piece) => piece.text).join("")).toBe("a c d");
  });
});
