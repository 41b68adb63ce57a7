/**
 * The life of one open file: what was typed, what is saved, and what others wrote meanwhile.
 *
 * One save is on its way at a time. What was typed is kept in the browser until the server has
 * said that it is saved; the server merges, and only an overlap comes back as a conflict.
 */

import { ApiError } from "@/api/http";
import type { ConflictDetails, FileText, SavedFile, SaveFile } from "@/api/types";

export type SaveState =
  | "saved"
  | "dirty"
  | "saving"
  | "merged"
  | "conflict"
  | "retrying"
  | "invalid"
  | "refused";

/** Where the text stands while it is edited. */
export interface TextBuffer {
  read(): string;
  /** Apply what leads from one text to the other, around whatever was typed since `from`. */
  patch(from: string, to: string): void;
}

export interface Draft {
  text: string;
  base: number | null;
}

export interface DraftKeeper {
  load(): Draft | null;
  keep(draft: Draft): void;
  forget(): void;
}

export interface SessionOptions {
  read(): Promise<FileText>;
  save(body: SaveFile): Promise<SavedFile>;
  drafts: DraftKeeper;
  onChange(session: DocumentSession): void;
  random?: () => number;
}

export const SAVE_DELAY = 800;
export const LONGEST_UNSAVED = 5_000;
const DRAFT_DELAY = 250;
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;

/** A buffer for a text that no editor shows. */
export class PlainBuffer implements TextBuffer {
  constructor(private text: string) {}

  read(): string {
    return this.text;
  }

  patch(from: string, to: string): void {
    if (this.text === from) this.text = to;
  }

  write(text: string): void {
    this.text = text;
  }
}

export class DocumentSession {
  state: SaveState = "saved";
  file: FileText | null = null;
  conflict: ConflictDetails | null = null;
  /** A sentence about why the last save was refused. */
  problem: string | null = null;

  private base: number | null = null;
  private baseText = "";
  private seen = 0;
  private buffer: TextBuffer = new PlainBuffer("");
  private editedAt = 0;
  private retries = 0;
  private isRefreshing = false;
  private isDiscarded = false;
  private inFlight: Promise<void> | null = null;
  private saveTimer: ReturnType<typeof setTimeout> | undefined;
  private draftTimer: ReturnType<typeof setTimeout> | undefined;
  private readonly random: () => number;

  constructor(private readonly options: SessionOptions) {
    this.random = options.random ?? Math.random;
  }

  get revision(): number | null {
    return this.base;
  }

  get hasUnsavedText(): boolean {
    return this.file !== null && this.buffer.read() !== this.baseText;
  }

  private get isCurrent(): boolean {
    return !this.hasUnsavedText && this.base === (this.file?.revision ?? null);
  }

  get text(): string {
    return this.buffer.read();
  }

  /** Read the file; go on from the draft of an earlier visit if there is one. */
  async open(): Promise<void> {
    const file = await this.options.read();
    const draft = this.options.drafts.load();
    this.accept(file);
    if (draft && draft.text !== file.text && draft.base !== null) {
      this.base = draft.base; // The server merges from the revision that the draft was written on.
      this.buffer = new PlainBuffer(draft.text);
      this.move("dirty");
      void this.save();
    } else {
      this.options.drafts.forget();
      this.buffer = new PlainBuffer(file.text);
      this.move("saved");
    }
  }

  attach(buffer: TextBuffer): void {
    this.buffer = buffer;
  }

  detach(): void {
    this.buffer = new PlainBuffer(this.buffer.read());
  }

  /** The text was changed by hand: keep it, and save it in a moment. */
  edited(): void {
    if (this.isDiscarded) return;
    this.keepDraftSoon();
    if (this.state === "conflict" || this.state === "refused") return;
    if (!this.editedAt) this.editedAt = Date.now();
    if (this.state === "saving" || this.state === "retrying") return;
    this.move("dirty");
    const patience = this.editedAt + LONGEST_UNSAVED - Date.now();
    this.schedule(Math.max(0, Math.min(SAVE_DELAY, patience)));
  }

  /** Save at once what is not saved; resolves when the answer was taken in. */
  async save({ allowInvalid = false } = {}): Promise<void> {
    clearTimeout(this.saveTimer);
    while (this.inFlight) await this.inFlight;
    if (this.isDiscarded || this.state === "conflict") return;
    if (this.isCurrent) {
      if (this.state !== "merged") this.move("saved");
      return;
    }
    this.inFlight = this.send(this.buffer.read(), allowInvalid);
    await this.inFlight;
  }

  /** Someone else's revision of this file is known to exist. */
  async noticed(revision: number): Promise<void> {
    this.seen = Math.max(this.seen, revision);
    if (this.isDiscarded || this.inFlight || this.isRefreshing || !this.file) return;
    if (this.seen <= (this.base ?? 0)) return;
    if (this.state === "saved" || this.state === "merged") await this.refresh();
    else if (this.state === "dirty") await this.save();
  }

  /** Take the text that settled a conflict and save it over their revision. */
  async resolve(text: string): Promise<void> {
    if (!this.conflict) return;
    this.buffer.patch(this.buffer.read(), text);
    this.base = this.conflict.theirs.revision;
    this.baseText = this.conflict.theirs.text ?? "";
    this.conflict = null;
    this.move("dirty");
    await this.save();
  }

  /** Show a text that the server already holds, as after a restore. */
  replace(file: FileText): void {
    this.clearTimers();
    this.buffer.patch(this.buffer.read(), file.text);
    this.accept(file);
    this.conflict = null;
    this.options.drafts.forget();
    this.move("saved");
  }

  /** Forget the file and its draft; nothing of it is saved any more. */
  discard(): void {
    this.isDiscarded = true;
    this.clearTimers();
    this.options.drafts.forget();
  }

  private async send(text: string, allowInvalid: boolean): Promise<void> {
    this.move("saving");
    this.editedAt = 0;
    try {
      const body: SaveFile = { text, base: this.base, ...(this.file ? { file: this.file.id } : {}) };
      this.settle(text, await this.options.save(allowInvalid ? { ...body, allow_invalid: true } : body));
    } catch (error) {
      this.fail(error);
    } finally {
      this.inFlight = null;
    }
    if (this.seen > (this.base ?? 0)) await this.noticed(this.seen);
  }

  private settle(sent: string, saved: SavedFile): void {
    if (this.isDiscarded) return;
    this.retries = 0;
    if (saved.text !== sent) this.buffer.patch(sent, saved.text);
    this.accept(saved);
    if (this.hasUnsavedText) {
      this.move("dirty");
      this.keepDraftSoon();
      this.schedule(SAVE_DELAY);
    } else {
      clearTimeout(this.draftTimer);
      this.options.drafts.forget();
      this.move(saved.is_merged ? "merged" : "saved");
    }
  }

  private fail(error: unknown): void {
    if (this.isDiscarded) return;
    if (!(error instanceof ApiError)) throw error;
    this.problem = error.problem.detail ?? null;
    this.keepDraft();
    if (error.status === 409 && error.code === "conflict") {
      this.conflict = error.problem.details as ConflictDetails;
      this.move("conflict");
    } else if (error.isPassing) {
      this.retries += 1;
      const delay = Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** (this.retries - 1));
      this.move("retrying");
      this.schedule(error.retryAfter ? error.retryAfter * 1000 : delay * (0.75 + this.random() / 2));
    } else {
      this.move([401, 403, 404].includes(error.status) ? "refused" : "invalid");
    }
  }

  /** Bring a clean buffer to the newest revision. */
  private async refresh(): Promise<void> {
    this.isRefreshing = true;
    const file = await this.options.read().catch(() => null);
    this.isRefreshing = false;
    if (this.isDiscarded || this.inFlight) return;
    if (!file) {
      this.saveTimer = setTimeout(() => void this.noticed(this.seen), FIRST_RETRY);
    } else if (file.revision > (this.base ?? 0) && !this.hasUnsavedText) {
      this.buffer.patch(this.baseText, file.text);
      this.accept(file);
      this.move("saved");
      await this.noticed(this.seen);
    } // Else something was typed meanwhile: its save lets the server merge.
  }

  private accept(file: FileText): void {
    this.file = file;
    this.base = file.revision;
    this.baseText = file.text;
    this.problem = null;
    this.seen = Math.max(this.seen, file.revision);
  }

  private schedule(delay: number): void {
    clearTimeout(this.saveTimer);
    this.saveTimer = setTimeout(() => void this.save(), delay);
  }

  private keepDraftSoon(): void {
    clearTimeout(this.draftTimer);
    this.draftTimer = setTimeout(() => this.keepDraft(), DRAFT_DELAY);
  }

  private keepDraft(): void {
    if (!this.isDiscarded) this.options.drafts.keep({ text: this.buffer.read(), base: this.base });
  }

  private clearTimers(): void {
    clearTimeout(this.saveTimer);
    clearTimeout(this.draftTimer);
  }

  private move(state: SaveState): void {
    this.state = state;
    this.options.onChange(this);
  }
}
