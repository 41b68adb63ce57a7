import { request } from "./http";
import type { Proposal, ResolvedText } from "./decisionTypes";
import type {
  Changes,
  FileDiff,
  FileText,
  Imported,
  Mission,
  MissionFile,
  NewMission,
  Page,
  Revision,
  RevisionText,
  Sample,
  SavedFile,
  SaveFile,
} from "./types";

const LONGEST_LIST = 5_000;
const encodePath = (path: string) => path.split("/").map(encodeURIComponent).join("/");
export const fileUrl = (mission: number, path: string) => `missions/${mission}/files/${encodePath(path)}`;

export const listMissions = () => readAll<Mission>("missions/");
export const readMission = (id: number) => request<Mission>("GET", `missions/${id}/`);
export const createMission = (body: NewMission) => request<Mission>("POST", "missions/", { body });
/** Make a mission of a ZIP; `form` holds it as `file`. */
export const importMission = (form: FormData) =>
  request<Imported>("POST", "missions/import", { form, timeout: 300 });
/** Where a mission can be had as a file. */
export const exportUrl = (id: number, form: "zip" | "archive" | "git") =>
  `/api/v1/missions/${id}/export?as=${form}`;
export const changeMission = (id: number, body: { title?: string; model?: string }) =>
  request<Mission>("PATCH", `missions/${id}/`, { body });
export const startMission = (id: number) => request<Mission>("POST", `missions/${id}/start`);
export const stopMission = (id: number) => request<Mission>("POST", `missions/${id}/stop`);
export const listDeletedMissions = () => readAll<Mission>("missions/?state=DELETED");
export const archiveMission = (id: number) => request<Mission>("POST", `missions/${id}/archive`);
export const restoreMission = (id: number) => request<Mission>("POST", `missions/${id}/restore`);
export const deleteMission = (id: number) => request<null>("DELETE", `missions/${id}/`);
export const loadSample = (id: number) => request<Sample>("POST", `missions/${id}/sample-data`);
export const resetMission = (id: number) => request<Mission>("POST", `missions/${id}/reset`);

export const listFiles = (mission: number) => readAll<MissionFile>(`missions/${mission}/files/`);
/** Add an empty file, which in some formats is not well-formed yet. */
export const createFile = (mission: number, path: string) =>
  request<FileText>("POST", `missions/${mission}/files/`, { body: { path, text: "", allow_invalid: true } });
export const readFile = (mission: number, path: string) =>
  request<FileText>("GET", fileUrl(mission, path));
export const saveFile = (mission: number, path: string, body: SaveFile) =>
  request<SavedFile>("PUT", fileUrl(mission, path), { body });

export const moveFile = (mission: number, path: string, to: string) =>
  request<Page<MissionFile>>("PATCH", fileUrl(mission, path), { body: { path: to } });
export const removeFile = (mission: number, path: string) =>
  request<null>("DELETE", fileUrl(mission, path));

export const listRevisions = (mission: number, path: string, cursor: string | null = null) =>
  request<Page<Revision>>("GET", `${fileUrl(mission, path)}/revisions/${cursorQuery(cursor)}`);
export const readRevision = (mission: number, path: string, number: number) =>
  request<RevisionText>("GET", `${fileUrl(mission, path)}/revisions/${number}/`);
export const diffRevisions = (mission: number, path: string, from: number, to: number) =>
  request<FileDiff>("GET", `${fileUrl(mission, path)}/diff?from=${from}&to=${to}`);
/** Bring a text back; `file` tells the files apart that were at the path one after the other. */
export const restoreRevision = (mission: number, path: string, revision: number, file?: number) =>
  request<FileText>("POST", `${fileUrl(mission, path)}/restore`, { body: { revision, file } });

export const listProposals = (mission: number) => readAll<Proposal>(`proposals/?mission=${mission}`);
export const acceptProposal = (id: number, files?: string[], resolved?: Record<string, ResolvedText>) =>
  request<Proposal>("POST", `proposals/${id}/accept`, {
    body: { ...(files ? { files } : {}), ...(resolved ? { resolved } : {}) },
  });
export const rejectProposal = (id: number, files?: string[]) =>
  request<Proposal>("POST", `proposals/${id}/reject`, { body: files ? { files } : {} });

/** Read the numbered events after `after`, waiting up to `wait` seconds for the first. */
export const readChanges = (mission: number, after: number, wait = 0, signal?: AbortSignal) =>
  request<Changes>("GET", `changes?mission=${mission}&after=${after}&wait=${wait}`, {
    timeout: wait + 15,
    ...(signal ? { signal } : {}),
  });

/** Read a whole list, page after page. */
export async function readAll<Item>(path: string): Promise<Item[]> {
  const items: Item[] = [];
  let next: string | null = withQuery(path, "page_size=200");
  while (next && items.length < LONGEST_LIST) {
    const page: Page<Item> = await request("GET", next);
    items.push(...page.results);
    const cursor = cursorQuery(page.next).slice(1);
    next = cursor ? withQuery(path, cursor) : null;
  }
  return items;
}

function withQuery(path: string, query: string): string {
  return path + (path.includes("?") ? "&" : "?") + query;
}

/** Take the cursor out of a page's `next` address; the rest of it is known here. */
export function cursorQuery(next: string | null): string {
  const cursor = next && new URL(next, "http://page").searchParams.get("cursor");
  return cursor ? `?cursor=${encodeURIComponent(cursor)}` : "";
}
