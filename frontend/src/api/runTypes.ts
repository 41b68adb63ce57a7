/** Runs from close by: their steps, their calls to a model, and what was said in them. */

/** One step of a run; runs of long ago do not know when it began. */
export interface RunStep {
  step: string;
  began_at: string | null;
  milliseconds: number;
}

/** One call to a model, as it was counted; null is not known. */
export interface ModelCall {
  number: number;
  model: string;
  started_at: string;
  seconds: number;
  status: number | null;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  is_estimated: boolean;
  cost: string | null;
  is_price_assumed: boolean;
  finish_reason: string;
  is_complete: boolean;
  failure: string;
  detail: string;
}

export interface RunCalls {
  results: ModelCall[];
  /** Whether the run can be repeated with `manage.py replay_run`. */
  is_recorded: boolean;
}

/** A request or a reply; cut: the download has more, left out: nobody has. */
export interface TranscriptEntry {
  call: number;
  at: string;
  kind: "request" | "reply";
  messages: { role: string; text: string }[];
  is_cut: boolean;
  is_left_out: boolean;
  finish_reason: string | null;
  failure: string | null;
  detail: string;
}

export interface TranscriptPage {
  entries: TranscriptEntry[];
  next: number;
  has_more: boolean;
}
