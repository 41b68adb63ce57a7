import { describe, expect, it } from "vitest";

import type { ModelCall, TranscriptEntry } from "@/api/runTypes";
import { exchangesOf } from "@/support/transcript";

const entry = (call: number, kind: TranscriptEntry["kind"], text = "") =>
  ({ call, kind, messages: [{ role: "user", text }] }) as TranscriptEntry;
const counted = (number: number) => ({ number, seconds: 1 }) as ModelCall;

describe("the calls of a run", () => {
  it("are put together from the transcript and the ledger", () => {
    const exchanges = exchangesOf(
      [entry(2, "request", "again"), entry(1, "request"), entry(1, "reply")],
      [counted(1), counted(3)],
    );

    expect(exchanges.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(exchanges[0]).toMatchObject({ call: { number: 1 }, request: { call: 1 }, reply: { kind: "reply" } });
    expect(exchanges[1]).toMatchObject({ call: null, request: { messages: [{ text: "again" }] }, reply: null });
    expect(exchanges[2]).toMatchObject({ call: { number: 3 }, request: null, reply: null });
  });

  it("are none where nothing was asked", () => {
    expect(exchangesOf([], [])).toEqual([]);
  });
});
