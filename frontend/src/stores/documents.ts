import { defineStore } from "pinia";
import { markRaw, shallowReactive } from "vue";

import { readFile, saveFile } from "@/api/missions";
import type { ConflictDetails, FileText } from "@/api/types";
import { DocumentSession, type SaveState } from "@/support/autosave";
import { draftKeeper, draftPaths } from "@/support/drafts";

import { useSession } from "./session";
import { useWorkspace } from "./workspace";

/** What the page shows of an open file. */
export interface OpenDocument {
  session: DocumentSession;
  status: "loading" | "ready" | "failed";
  save: SaveState;
  file: FileText | null;
  conflict: ConflictDetails | null;
  problem: string | null;
}

/** The files opened in this visit; each goes on saving when another one is shown. */
export const useDocuments = defineStore("documents", () => {
  const open = shallowReactive(new Map<string, OpenDocument>());
  let mission = 0;

  /** Give the open file, reading it first if need be. */
  async function show(missionId: number, path: string): Promise<void> {
    if (missionId !== mission) changeMission(missionId);
    const known = open.get(path);
    if (known && known.status !== "failed") return;
    const session = markRaw(sessionOf(missionId, path));
    open.set(path, viewOf(session, "loading"));
    try {
      await session.open();
    } catch {
      if (open.get(path)?.session === session) open.set(path, viewOf(session, "failed"));
    }
  }

  function sessionOf(missionId: number, path: string): DocumentSession {
    return new DocumentSession({
      read: () => readFile(missionId, path),
      save: (body) => saveFile(missionId, path, body),
      drafts: draftKeeper(useSession().user?.id ?? 0, missionId, path),
      onChange: (session) => {
        if (open.get(path)?.session !== session) return;
        open.set(path, viewOf(session, "ready"));
        if (session.file && session.state !== "saving") useWorkspace().setFile(withoutText(session.file));
      },
    });
  }

  function changeMission(next: number): void {
    saveAll();
    open.clear();
    mission = next;
  }

  /** Save what an earlier visit left unsaved. */
  function recover(missionId: number): void {
    for (const path of draftPaths(useSession().user?.id ?? 0, missionId)) void show(missionId, path);
  }

  function noticed(path: string, revision: number): void {
    void open.get(path)?.session.noticed(revision);
  }

  function saveAll(): void {
    for (const { session } of open.values()) void session.save();
  }

  /** The mission starts over: what was open is gone, drafts included. */
  function discardAll(): void {
    for (const { session } of open.values()) session.discard();
    open.clear();
  }

  return { open, show, recover, noticed, saveAll, discardAll };
});

function viewOf(session: DocumentSession, status: OpenDocument["status"]): OpenDocument {
  const { state, file, conflict, problem } = session;
  return { session, status, save: state, file, conflict, problem };
}

function withoutText({ path, label, role, revision, hash, size, author, updated_at }: FileText) {
  return { path, label, role, revision, hash, size, author, updated_at };
}
