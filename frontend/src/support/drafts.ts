/** What was typed and is not saved yet, kept in this browser. */

import type { Draft, DraftKeeper } from "./autosave";

const PREFIX = "parallagon:draft";

function missionPrefix(user: number, mission: number): string {
  return `${PREFIX}:${user}:${mission}:`;
}

/** Keep the draft of one file; `path` says where the file is now. */
export function draftKeeper(user: number, mission: number, path: () => string): DraftKeeper {
  const key = () => missionPrefix(user, mission) + path();
  return {
    load: () => parseDraft(localStorage.getItem(key())),
    keep: (draft) => {
      try {
        localStorage.setItem(key(), JSON.stringify(draft));
      } catch {
        // The browser's store is full or forbidden: the text is still in the page.
      }
    },
    forget: () => localStorage.removeItem(key()),
  };
}

/** Let the draft of a file that has moved wait under its new path, unless one does already. */
export function moveDraft(user: number, mission: number, from: string, to: string): void {
  const draft = draftKeeper(user, mission, () => from).load();
  const keeper = draftKeeper(user, mission, () => to);
  if (!draft || keeper.load()) return;
  keeper.keep(draft);
  draftKeeper(user, mission, () => from).forget();
}

/** The files of a mission with a draft, so that an earlier visit's text is saved after all. */
export function draftPaths(user: number, mission: number): string[] {
  const prefix = missionPrefix(user, mission);
  return Object.keys(localStorage)
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}

function parseDraft(stored: string | null): Draft | null {
  if (!stored) return null;
  try {
    const draft = JSON.parse(stored) as Partial<Draft>;
    return typeof draft.text === "string" ? { text: draft.text, base: draft.base ?? null } : null;
  } catch {
    return null;
  }
}
