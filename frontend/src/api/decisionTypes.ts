/** What waits for a person's decision, and what a run that is taken back leaves. */

export type ProposalState = "OPEN" | "ACCEPTED" | "PARTLY" | "REJECTED" | "EXPIRED" | "SUPERSEDED";

export interface ProposalFile {
  path: string;
  state: Exclude<ProposalState, "PARTLY">;
  base: number | null;
  base_text: string | null;
  text: string | null;
  unified: string;
}

export interface Proposal {
  id: number;
  mission: number;
  run: string;
  role: string;
  reason: "OVERLAP" | "SHRUNK" | "REVIEW" | "MOVED";
  state: ProposalState;
  created_at: string;
  decided_at: string | null;
  files: ProposalFile[];
}

/** A text that a person put together from what stands there (`base`) and what a run proposes. */
export interface ResolvedText {
  text: string;
  base: number | null;
}

export interface RevertedFile {
  path: string;
  status: "reverted" | "unchanged" | "overlaps";
  revision: number | null;
  added: number;
  removed: number;
}

export interface RevertedRun {
  run: string;
  is_preview: boolean;
  is_changed: boolean;
  files: RevertedFile[];
}
