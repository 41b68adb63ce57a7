/** Three-way comparison by lines: what each side changed, and where they disagree. */

import { diff } from "@codemirror/merge";

export type BlockKind = "same" | "mine" | "theirs" | "both" | "conflict";
export type Choice = "mine" | "theirs" | "both" | "base";

export interface Block {
  kind: BlockKind;
  base: string[];
  mine: string[];
  theirs: string[];
}

interface Span {
  fromA: number;
  toA: number;
  fromB: number;
  toB: number;
}

/** The lines of a text, each with its line ending, so that joining them gives the text back. */
export function splitLines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** Cut three texts into blocks; a change made alike on both sides, or on one, is no conflict. */
export function compareTexts(base: string, mine: string, theirs: string): Block[] {
  const lines = { base: splitLines(base), mine: splitLines(mine), theirs: splitLines(theirs) };
  const code = lineCoder();
  const codes = { base: code(lines.base), mine: code(lines.mine), theirs: code(lines.theirs) };
  const ours = diff(codes.base, codes.mine, { scanLimit: 5000 });
  const others = diff(codes.base, codes.theirs, { scanLimit: 5000 });
  const blocks: Block[] = [];
  let at = { base: 0, mine: 0, theirs: 0 };
  for (const group of groupSpans(ours, others)) {
    const start = Math.min(...[...group.mine, ...group.theirs].map((span) => span.fromA));
    const end = Math.max(...[...group.mine, ...group.theirs].map((span) => span.toA));
    const shift = start - at.base;
    const same = lines.base.slice(at.base, start);
    if (same.length) blocks.push({ kind: "same", base: same, mine: same, theirs: same });
    at = { base: start, mine: at.mine + shift, theirs: at.theirs + shift };
    const next = {
      base: end,
      mine: at.mine + (end - start) + growth(group.mine),
      theirs: at.theirs + (end - start) + growth(group.theirs),
    };
    blocks.push(
      judged({
        base: lines.base.slice(at.base, next.base),
        mine: lines.mine.slice(at.mine, next.mine),
        theirs: lines.theirs.slice(at.theirs, next.theirs),
      }),
    );
    at = next;
  }
  const rest = lines.base.slice(at.base);
  if (rest.length) blocks.push({ kind: "same", base: rest, mine: rest, theirs: rest });
  return blocks;
}

/** The text that the choices lead to; a conflict without a choice keeps mine. */
export function composeText(blocks: readonly Block[], choices: ReadonlyMap<number, Choice>): string {
  return blocks.map((block, index) => chosenLines(block, choices.get(index)).join("")).join("");
}

export function chosenLines(block: Block, choice: Choice | undefined): string[] {
  switch (choice ?? (block.kind === "theirs" ? "theirs" : "mine")) {
    case "theirs":
      return block.theirs;
    case "base":
      return block.base;
    case "both":
      return [...closed(block.theirs), ...block.mine];
    default:
      return block.mine;
  }
}

function judged(sides: Omit<Block, "kind">): Block {
  const base = sides.base.join("");
  const mine = sides.mine.join("");
  const theirs = sides.theirs.join("");
  const kind =
    mine === theirs ? "both" : mine === base ? "theirs" : theirs === base ? "mine" : "conflict";
  return { kind, ...sides };
}

/** Give the last line its ending, so that what follows starts on a line of its own. */
function closed(lines: string[]): string[] {
  return lines.map((line) => (line.endsWith("\n") ? line : `${line}\n`));
}

function growth(spans: readonly Span[]): number {
  return spans.reduce((sum, span) => sum + (span.toB - span.fromB) - (span.toA - span.fromA), 0);
}

/** Changes of both sides that touch the same or neighbouring lines belong together. */
function groupSpans(mine: readonly Span[], theirs: readonly Span[]) {
  const all = [
    ...mine.map((span) => ({ span, side: "mine" as const })),
    ...theirs.map((span) => ({ span, side: "theirs" as const })),
  ].sort((a, b) => a.span.fromA - b.span.fromA || a.span.toA - b.span.toA);
  const groups: { mine: Span[]; theirs: Span[]; end: number }[] = [];
  for (const { span, side } of all) {
    let group = groups.at(-1);
    if (!group || span.fromA > group.end) {
      group = { mine: [], theirs: [], end: span.toA };
      groups.push(group);
    }
    group[side].push(span);
    group.end = Math.max(group.end, span.toA);
  }
  return groups;
}

/** Stand one character for each distinct line, so that a diff of characters is a diff of lines. */
function lineCoder() {
  const codes = new Map<string, string>();
  return (lines: readonly string[]) =>
    lines
      .map((line) => {
        const known = codes.get(line);
        if (known) return known;
        const number = codes.size + 1;
        const code = String.fromCharCode(number < 0xd800 ? number : number + 0x800);
        codes.set(line, code);
        return code;
      })
      .join("");
}
