/** Which revision each line of a text comes from, while the text is edited; loaded with the editor. */

import type { ChangeDesc, Text } from "@codemirror/state";

import type { Author } from "@/api/types";

/** A line that was typed here and is not saved yet. */
export const YOURS = 0;
/** A line of which nothing is known until the server is asked again. */
export const UNKNOWN = -1;

/** The revision of each line of a document. */
export type LineOrigins = readonly number[];

/** Neighbouring lines of one revision; the first and the last one, from 1. */
export interface Stretch {
  revision: number;
  start: number;
  end: number;
}

/** Give each of `count` lines its revision; a last line without text is nobody's. */
export function originsOf(spans: readonly (readonly [number, number])[], count: number): LineOrigins {
  const origins: number[] = [];
  for (const [lines, revision] of spans) for (let line = 0; line < lines; line += 1) origins.push(revision);
  origins.length = Math.min(origins.length, count);
  while (origins.length < count) origins.push(UNKNOWN);
  return origins;
}

/** Bring the origins up to date with a change: lines that are new get `fresh`, others keep theirs. */
export function followChange(
  origins: LineOrigins,
  before: Text,
  after: Text,
  changes: ChangeDesc,
  fresh: number,
): LineOrigins {
  const followed: number[] = [];
  let done = 0;
  changes.iterChangedRanges((fromA, toA, fromB, toB) => {
    const [oldFirst, oldLast] = [before.lineAt(fromA).number, before.lineAt(toA).number];
    const [newFirst, newLast] = [after.lineAt(fromB).number, after.lineAt(toB).number];
    // Two changes of one line: what the first one made of it stands.
    const isSameLine = oldFirst <= done;
    followed.push(...origins.slice(done, Math.max(done, oldFirst - 1)));
    for (let number = isSameLine ? newFirst + 1 : newFirst; number <= newLast; number += 1) {
      const { text } = after.line(number);
      let origin = fresh;
      if (number === newFirst && text === before.line(oldFirst).text) origin = origins[oldFirst - 1] ?? fresh;
      else if (number === newLast && text === before.line(oldLast).text) origin = origins[oldLast - 1] ?? fresh;
      followed.push(origin);
    }
    done = oldLast;
  });
  followed.push(...origins.slice(done));
  return followed;
}

/** The stretch that a line is in; null where nothing is known of it. */
export function stretchAt(origins: LineOrigins, line: number): Stretch | null {
  const revision = origins[line - 1] ?? UNKNOWN;
  if (revision === UNKNOWN) return null;
  let [start, end] = [line, line];
  while (origins[start - 2] === revision) start -= 1;
  while (origins[end] === revision) end += 1;
  return { revision, start, end };
}

/** One letter beside the colour, so that the colour is never alone. */
export function letterOf(author: Author | null, name: string): string {
  if (author?.kind === "system" || author?.kind === "external") return "·";
  return name.trim().charAt(0).toLocaleUpperCase() || "·";
}
