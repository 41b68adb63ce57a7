import { useLocalStorage, useMediaQuery } from "@vueuse/core";
import { computed } from "vue";

export type ViewMode = "write" | "split" | "read";

/** How the document is shown; side by side only where there is room for two. */
export function useViewMode(canEdit: () => boolean) {
  const chosen = useLocalStorage<ViewMode>("parallagon:view", "split");
  const hasRoom = useMediaQuery("(min-width: 60.01rem)");

  const modes = computed<readonly ViewMode[]>(() => {
    if (!canEdit()) return ["read"];
    return hasRoom.value ? ["write", "split", "read"] : ["write", "read"];
  });
  const mode = computed<ViewMode>({
    get: () => (modes.value.includes(chosen.value) ? chosen.value : (modes.value.at(-1) ?? "read")),
    set: (next) => {
      chosen.value = next;
    },
  });

  return { mode, modes };
}
