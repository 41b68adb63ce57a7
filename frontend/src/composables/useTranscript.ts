import { computed, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from "vue";

import { readRunCalls, readTranscript } from "@/api/agents";
import { ApiError } from "@/api/http";
import type { ModelCall, TranscriptEntry, TranscriptPage } from "@/api/runTypes";
import { exchangesOf } from "@/support/transcript";

const GONE = 410;

/** A page of what was said, or null when it was too long ago. */
async function keptPage(id: string, after: number): Promise<TranscriptPage | null> {
  try {
    return await readTranscript(id, after);
  } catch (error) {
    if (error instanceof ApiError && error.status === GONE) return null;
    throw error;
  }
}

/** What a run asked its model and was told: a page at first, more when asked for. */
export function useTranscript(id: MaybeRefOrGetter<string>, isFinished: MaybeRefOrGetter<boolean>) {
  const entries = shallowRef<TranscriptEntry[]>([]);
  const calls = shallowRef<ModelCall[]>([]);
  const isRecorded = ref(false);
  const hasMore = ref(false);
  const isGone = ref(false);
  const hasFailed = ref(false);
  const isLoading = ref(false);
  let next = 0;
  let turn = 0;

  function add(page: TranscriptPage): void {
    entries.value = [...entries.value, ...page.entries];
    next = page.next;
    hasMore.value = page.has_more;
  }

  async function more(): Promise<void> {
    const mine = ++turn;
    const key = toValue(id);
    isLoading.value = true;
    hasFailed.value = false;
    try {
      const [counted, page] = await Promise.all([readRunCalls(key), keptPage(key, next)]);
      if (mine !== turn) return;
      calls.value = counted.results;
      isRecorded.value = counted.is_recorded;
      isGone.value = page === null;
      if (page) add(page);
    } catch {
      if (mine === turn) hasFailed.value = true;
    } finally {
      if (mine === turn) isLoading.value = false;
    }
  }

  watch(
    () => toValue(id),
    () => {
      entries.value = [];
      calls.value = [];
      isGone.value = false;
      next = 0;
    },
    { flush: "sync" },
  );
  watch([() => toValue(id), () => toValue(isFinished)], () => void more(), { immediate: true });

  const exchanges = computed(() => exchangesOf(entries.value, calls.value));
  return { exchanges, isRecorded, hasMore, isGone, hasFailed, isLoading, more };
}
