/** Unified diffs, read for people: hunks, numbered lines, and the words that changed. */

import { presentableDiff } from "@codemirror/merge";

export interface Piece {
  text: string;
  isChanged: boolean;
}

export interface DiffLine {
  kind: "context" | "added" | "removed";
  before: number | null;
  after: number | null;
  pieces: Piece[];
}

export interface Hunk {
  heading: string;
  lines: DiffLine[];
}

const HEADER = /^@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@ ?(.*)$/;

export function parseUnified(unified: string): Hunk[] {
  const hunks: Hunk[] = [];
  let before = 0;
  let after = 0;
  for (const line of unified.split("\n")) {
    const header = HEADER.exec(line);
    if (header) {
      before = Number(header[1]);
      after = Number(header[2]);
      hunks.push({ heading: header[3] ?? "", lines: [] });
      continue;
    }
    const hunk = hunks.at(-1);
    if (!hunk || !/^[ +-]/.test(line)) continue;
    const pieces = [{ text: line.slice(1), isChanged: false }];
    if (line[0] === "+") hunk.lines.push({ kind: "added", before: null, after: after++, pieces });
    else if (line[0] === "-") hunk.lines.push({ kind: "removed", before: before++, after: null, pieces });
    else hunk.lines.push({ kind: "context", before: before++, after: after++, pieces });
  }
  for (const hunk of hunks) markWords(hunk.lines);
  return hunks;
}

/** Cut two versions of a passage into what stayed and what changed. */
export function comparePassages(before: string, after: string): { before: Piece[]; after: Piece[] } {
  const changes = presentableDiff(before, after, { scanLimit: 500, timeout: 50 });
  return {
    before: cut(before, changes.map(({ fromA, toA }) => [fromA, toA] as const)),
    after: cut(after, changes.map(({ fromB, toB }) => [fromB, toB] as const)),
  };
}

function cut(text: string, ranges: (readonly [number, number])[]): Piece[] {
  const pieces: Piece[] = [];
  let at = 0;
  for (const [from, to] of ranges) {
    if (from > at) pieces.push({ text: text.slice(at, from), isChanged: false });
    if (to > from) pieces.push({ text: text.slice(from, to), isChanged: true });
    at = to;
  }
  if (at < text.length) pieces.push({ text: text.slice(at), isChanged: false });
  return pieces;
}

/** Where as many lines went as came, compare them one by one, if they resemble each other. */
function markWords(lines: DiffLine[]): void {
  for (let start = 0; start < lines.length; start++) {
    const removed = runOf(lines, start, "removed");
    const added = runOf(lines, start + removed.length, "added");
    if (removed.length && removed.length === added.length) {
      removed.forEach((line, index) => markPair(line, added[index]));
    }
    start += Math.max(0, removed.length + added.length - 1);
  }
}

function markPair(removed: DiffLine, added: DiffLine | undefined): void {
  const before = removed.pieces[0]?.text ?? "";
  const after = added?.pieces[0]?.text ?? "";
  if (!added || !before || !after) return;
  const compared = comparePassages(before, after);
  const kept = compared.before.reduce((sum, piece) => sum + (piece.isChanged ? 0 : piece.text.length), 0);
  if (kept * 3 < before.length) return;
  removed.pieces = compared.before;
  added.pieces = compared.after;
}

function runOf(lines: DiffLine[], start: number, kind: DiffLine["kind"]): DiffLine[] {
  let end = start;
  while (lines[end]?.kind === kind) end++;
  return lines.slice(start, end);
}
