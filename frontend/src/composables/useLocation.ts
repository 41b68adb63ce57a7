import { useEventListener } from "@vueuse/core";
import { readonly, ref } from "vue";

import type { PageContext } from "@/support/page";

const mission = ref<number | null>(null);
const path = ref<string | null>(null);

/** Where the page is: the mission in the path, the file behind the "#". */
export function useLocation(paths: Pick<PageContext["paths"], "editor">) {
  function read(): void {
    const id = /\/(\d+)\/?$/.exec(window.location.pathname)?.[1];
    mission.value = id ? Number(id) : null;
    path.value = decodeHash(window.location.hash);
  }

  function openMission(id: number, options: { replace?: boolean } = {}): void {
    go(`${paths.editor}/${id}`, options.replace ?? false);
  }

  /** Go where no mission is named; the first of the list is shown then. */
  function openNone(): void {
    go(paths.editor, true);
  }

  function openFile(next: string, options: { replace?: boolean } = {}): void {
    go(`${window.location.pathname}#${hashOf(next)}`, options.replace ?? false);
  }

  function openPlace(id: number, next: string): void {
    go(`${paths.editor}/${id}#${hashOf(next)}`, false);
  }

  function go(url: string, isReplacement: boolean): void {
    if (isReplacement) history.replaceState(null, "", url);
    else history.pushState(null, "", url);
    read();
  }

  useEventListener(window, "popstate", read);
  useEventListener(window, "hashchange", read);
  read();
  return { mission: readonly(mission), path: readonly(path), openMission, openNone, openFile, openPlace };
}

function hashOf(path: string): string {
  return path.split("/").map(encodeURIComponent).join("/");
}

function decodeHash(hash: string): string | null {
  try {
    return decodeURIComponent(hash.slice(1)) || null;
  } catch {
    return null;
  }
}
