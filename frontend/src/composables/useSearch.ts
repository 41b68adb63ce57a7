import { useDebounceFn } from "@vueuse/core";
import { onScopeDispose, ref, shallowRef, watch, type Ref } from "vue";

import { search, type Found } from "@/api/search";

export type SearchStatus = "idle" | "loading" | "ready" | "failed";

const PAUSE = 150;

/** What the server finds for the words as they are typed; an answer that comes late is dropped. */
export function useSearch(words: Ref<string>) {
  const results = shallowRef<readonly Found[]>([]);
  const status = ref<SearchStatus>("idle");
  const hasMore = ref(false);
  let asked: AbortController | null = null;

  async function ask(): Promise<void> {
    asked?.abort();
    const mine = new AbortController();
    asked = mine;
    if (!words.value.trim()) {
      results.value = [];
      status.value = "idle";
      return;
    }
    status.value = "loading";
    try {
      const page = await search(words.value, mine.signal);
      if (asked !== mine) return;
      results.value = page.results;
      hasMore.value = page.next !== null;
      status.value = "ready";
    } catch {
      if (asked === mine) status.value = "failed";
    }
  }

  const askSoon = useDebounceFn(() => void ask(), PAUSE);
  watch(words, () => {
    if (words.value.trim()) void askSoon();
    else void ask();
  });
  onScopeDispose(() => {
    const last = asked;
    asked = null;
    last?.abort();
  });
  return { results, status, hasMore, ask };
}
