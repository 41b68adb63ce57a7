import { defineStore } from "pinia";
import { markRaw, shallowReactive } from "vue";

import { ApiError } from "@/api/http";
import { readFile, saveFile } from "@/api/missions";
import type { ConflictDetails, FileText, MissionFile } from "@/api/types";
import { DocumentSession, type SaveState } from "@/support/autosave";
import { draftKeeper, draftPaths, moveDraft } from "@/support/drafts";

import { useSession } from "./session";
import { useWorkspace } from "./workspace";

/** What the page shows of an open file. */
export interface OpenDocument {
  session: DocumentSession;
  /** Where the file is now. */
  place: { path: string };
  status: "loading" | "ready" | "failed";
  save: SaveState;
  file: FileText | null;
  conflict: ConflictDetails | null;
  problem: string | null;
}

/** The files opened in this visit; each goes on saving when another one is shown. */
export const useDocuments = defineStore("documents", () => {
  const open = shallowReactive(new Map<string, OpenDocument>());
  /** Old path → new path, of the files that moved in this visit or before it. */
  const moves = shallowReactive(new Map<string, string>());
  let mission = 0;

  /** Give the open file, reading it first if need be. */
  async function show(missionId: number, path: string): Promise<void> {
    if (missionId !== mission) changeMission(missionId);
    const known = open.get(path);
    if (known && known.status !== "failed") return;
    const place = { path };
    const session = markRaw(sessionOf(missionId, place));
    open.set(path, viewOf(session, place, "loading"));
    try {
      await session.open();
    } catch (error) {
      if (open.get(place.path)?.session !== session) return;
      open.set(place.path, viewOf(session, place, "failed"));
      const next = movedTo(error);
      if (next !== null) await findAgain(missionId, place.path, next);
    }
  }

  /** The file moved before this visit; what was typed then waits under its old path. */
  async function findAgain(missionId: number, from: string, to: string): Promise<void> {
    moveDraft(useSession().user?.id ?? 0, missionId, from, to);
    open.delete(from);
    moves.set(from, to);
    await show(missionId, to);
  }

  function sessionOf(missionId: number, place: { path: string }): DocumentSession {
    return new DocumentSession({
      read: () => readFile(missionId, place.path),
      save: (body) => saveFile(missionId, place.path, body),
      drafts: draftKeeper(useSession().user?.id ?? 0, missionId, () => place.path),
      onChange: (session) => {
        if (open.get(place.path)?.session !== session) return;
        open.set(place.path, viewOf(session, place, "ready"));
        if (session.file && session.state !== "saving") useWorkspace().setFile(withoutText(session.file));
      },
    });
  }

  /** The file goes on under another path, with what is typed in it and not saved yet. */
  function moved(from: string, to: string): void {
    moves.delete(to);
    moves.set(from, to);
    const known = open.get(from);
    if (!known) return;
    moveDraft(useSession().user?.id ?? 0, mission, from, to);
    known.place.path = to;
    open.delete(from);
    open.set(to, known);
  }

  /** Follow the open files after a time in which no frame came. */
  function lookForMoved(files: readonly MissionFile[]): void {
    for (const [path, { session }] of [...open]) {
      const now = files.find((file) => file.id === session.file?.id);
      if (now && now.path !== path) moved(path, now.path);
    }
  }

  function changeMission(next: number): void {
    saveAll();
    open.clear();
    moves.clear();
    mission = next;
  }

  /** Save what an earlier visit left unsaved. */
  function recover(missionId: number): void {
    for (const path of draftPaths(useSession().user?.id ?? 0, missionId)) void show(missionId, path);
  }

  function noticed(path: string, revision: number): void {
    void open.get(path)?.session.noticed(revision);
  }

  /** Save what is typed in one file; resolves when the server has answered. */
  async function save(path: string): Promise<void> {
    await open.get(path)?.session.save();
  }

  function saveAll(): void {
    for (const { session } of open.values()) void session.save();
  }

  /** The mission starts over: what was open is gone, drafts included. */
  function discardAll(): void {
    for (const { session } of open.values()) session.discard();
    open.clear();
  }

  return { open, moves, show, recover, noticed, moved, lookForMoved, save, saveAll, discardAll };
});

function viewOf(
  session: DocumentSession,
  place: OpenDocument["place"],
  status: OpenDocument["status"],
): OpenDocument {
  const { state, file, conflict, problem } = session;
  return { session, place, status, save: state, file, conflict, problem };
}

function withoutText({ id, path, label, role, revision, hash, size, author, updated_at }: FileText) {
  return { id, path, label, role, revision, hash, size, author, updated_at };
}

/** Where the server says that a file is now, or null. */
function movedTo(error: unknown): string | null {
  if (!(error instanceof ApiError) || error.status !== 404) return null;
  const to = (error.problem.details as { moved_to?: unknown } | undefined)?.moved_to;
  return typeof to === "string" ? to : null;
}
