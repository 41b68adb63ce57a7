import { useLocalStorage } from "@vueuse/core";
import { computed, ref, shallowRef, watch } from "vue";

import { readProvenance, type Origin, type Provenance } from "@/api/provenance";
import type { OpenDocument } from "@/stores/documents";
import { letterOf, YOURS, type Stretch } from "@/support/provenance";
import type { GutterOptions, Known } from "@/support/provenanceGutter";

import { useWords } from "./useWords";

interface Asked {
  mission: number;
  path: string;
  document: OpenDocument | null;
}

/** Who wrote each stretch of the open file, as long as that is wanted; asked again after each save. */
export function useProvenance(asked: () => Asked) {
  const { t, authorName } = useWords();
  const isShown = useLocalStorage("parallagon:origins", false);
  const hasFailed = ref(false);
  const known = shallowRef<Known | null>(null);
  const opened = shallowRef<{ stretch: Stretch; place: DOMRect } | null>(null);
  let found: Provenance | null = null;
  let turn = 0;

  // A save that changed nothing is a reason too: what was typed may have been undone.
  const reason = computed(() => {
    const { mission, path, document } = asked();
    const isSettled = document?.save === "saved" || document?.save === "merged";
    return isShown.value && document?.file ? [mission, path, document.file.revision, isSettled].join() : "";
  });

  async function load(): Promise<void> {
    const mine = ++turn;
    const { mission, path, document } = asked();
    const file = document?.file;
    if (!isShown.value || !file) {
      known.value = null;
      return;
    }
    try {
      if (found?.path !== path || found.revision !== file.revision) {
        const answer = await readProvenance(mission, path, file.revision);
        if (mine !== turn) return;
        found = answer;
      }
      known.value = { text: file.text, lines: found.lines };
      hasFailed.value = false;
    } catch {
      if (mine === turn) hasFailed.value = true;
    }
  }

  watch(
    () => [asked().mission, asked().path],
    () => {
      found = null;
      known.value = null;
      opened.value = null;
      hasFailed.value = false;
    },
  );
  watch(reason, () => void load(), { immediate: true });

  function originOf(revision: number): Origin | null {
    return found?.revisions[revision] ?? null;
  }

  const marks: GutterOptions = {
    markOf(revision) {
      const author = originOf(revision)?.author ?? null;
      const name = revision === YOURS ? t("provenance.you") : author ? authorName(author) : "";
      const label = t("provenance.mark", { name });
      return { letter: letterOf(author, name), role: author?.role ?? null, label };
    },
    onOpen(stretch, button) {
      opened.value = { stretch, place: button.getBoundingClientRect() };
    },
  };

  return { isShown, hasFailed, known, opened, marks, originOf, load };
}
