import { useEventListener } from "@vueuse/core";

import { asksToSearch } from "@/support/found";

/** Call `search` for the keys that ask for it; where a dialog is open, that one has the keys. */
export function useSearchKey(search: () => void): void {
  useEventListener(
    window,
    "keydown",
    (event: KeyboardEvent) => {
      if (!asksToSearch(event) || document.querySelector("dialog[open]")) return;
      event.preventDefault();
      search();
    },
    { capture: true },
  );
}
