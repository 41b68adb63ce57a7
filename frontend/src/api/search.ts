import { request } from "./http";

/** A piece of text; where its hits begin and end, in characters (code points). */
export interface Marked {
  text: string;
  hits: [number, number][];
}

export interface Found {
  kind: "mission" | "file" | "run";
  mission: { id: number; title: string; state: string };
  path: string | null;
  run: { id: string; agent: number; role: string; outcome: string } | null;
  line: number | null;
  name: Marked;
  snippet: Marked;
  at: string;
}

export interface FoundPage {
  results: Found[];
  next: string | null;
}

export const search = (words: string, signal: AbortSignal) =>
  request<FoundPage>("GET", `search?${new URLSearchParams({ q: words, page_size: "30" })}`, { signal });
