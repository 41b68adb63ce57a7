/** How results of a search are shown: hits as pieces of text, kinds one after the other. */

import type { Found, Marked } from "@/api/search";

export interface Piece {
  text: string;
  isHit: boolean;
}

export interface FoundGroup {
  kind: Found["kind"];
  results: Found[];
}

const KINDS: readonly Found["kind"][] = ["mission", "file", "run"];

/** The text in pieces; hits are counted in code points, strings in halves of some. */
export function piecesOf({ text, hits }: Marked): Piece[] {
  const signs = Array.from(text);
  const pieces: Piece[] = [];
  let end = 0;
  for (const [from, to] of hits) {
    pieces.push({ text: signs.slice(end, from).join(""), isHit: false });
    pieces.push({ text: signs.slice(from, to).join(""), isHit: true });
    end = to;
  }
  pieces.push({ text: signs.slice(end).join(""), isHit: false });
  return pieces.filter((piece) => piece.text !== "");
}

/** Results by kind; within one they stay in the order of the answer, the best first. */
export function grouped(results: readonly Found[]): FoundGroup[] {
  return KINDS.map((kind) => ({ kind, results: results.filter((one) => one.kind === kind) })).filter(
    (group) => group.results.length > 0,
  );
}

/** Whether a key asks for the search: Ctrl or Cmd with K, or a slash where nobody types. */
export function asksToSearch(event: KeyboardEvent): boolean {
  if (event.altKey || event.isComposing) return false;
  if (event.ctrlKey || event.metaKey) return !event.shiftKey && event.key.toLowerCase() === "k";
  if (event.key !== "/") return false;
  const place = event.target instanceof HTMLElement ? event.target : null;
  return !place?.closest("input, textarea, select, [contenteditable]:not([contenteditable='false'])");
}
