import { request } from "./http";
import { fileUrl } from "./missions";
import type { Author } from "./types";

/** The revision that lines come from; what is said of its run is null where there is none. */
export interface Origin {
  author: Author;
  run: string | null;
  at: string;
  operation: string;
  model: string | null;
  input_tokens: number | null;
  output_tokens: number | null;
  /** US dollars, of the whole run. */
  cost: string | null;
}

export interface Provenance {
  path: string;
  revision: number;
  /** By number. */
  revisions: Record<string, Origin>;
  /** From top to bottom: how many lines come from which revision. */
  lines: [count: number, revision: number][];
}

export const readProvenance = (mission: number, path: string, revision: number) =>
  request<Provenance>("GET", `${fileUrl(mission, path)}/provenance?revision=${revision}`);
