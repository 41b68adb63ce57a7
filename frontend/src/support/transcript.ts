/** What was said in each call to a model, put together from a transcript and the ledger. */

import type { ModelCall, TranscriptEntry } from "@/api/runTypes";

export interface Exchange {
  number: number;
  /** Null while the run is at work: calls are counted when it ends. */
  call: ModelCall | null;
  request: TranscriptEntry | null;
  reply: TranscriptEntry | null;
}

/** Return the calls in order, each with what is known of it. */
export function exchangesOf(entries: TranscriptEntry[], calls: ModelCall[]): Exchange[] {
  const known = new Map<number, Exchange>();
  const of = (number: number): Exchange => {
    const found = known.get(number) ?? { number, call: null, request: null, reply: null };
    known.set(number, found);
    return found;
  };
  for (const call of calls) of(call.number).call = call;
  for (const entry of entries) of(entry.call)[entry.kind] = entry;
  return [...known.values()].sort((one, other) => one.number - other.number);
}
