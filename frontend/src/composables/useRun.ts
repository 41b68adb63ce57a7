import { computed, ref, shallowRef, toValue, watch, type MaybeRefOrGetter } from "vue";

import { cancelRun, readRun, readRunDiff, readRunLog } from "@/api/agents";
import { ApiError } from "@/api/http";
import type { FileDiff, OutputStream, Run, RunLog } from "@/api/types";
import { useOutputs } from "@/stores/outputs";
import { errorText } from "@/stores/toasts";
import { useWorkspace } from "@/stores/workspace";

/** What a run said, or that it was too long ago: then the rest of the run is still there. */
async function keptLog(id: string): Promise<RunLog & { isGone: boolean }> {
  try {
    return { ...(await readRunLog(id)), isGone: false };
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 410)) throw error;
    return { lines: [], is_truncated: false, isGone: true };
  }
}

/** One run with its diff and log; what it says while it runs is added as it comes. */
export function useRun(id: MaybeRefOrGetter<string>) {
  const workspace = useWorkspace();
  const outputs = useOutputs();
  const run = shallowRef<Run | null>(null);
  const files = shallowRef<FileDiff[]>([]);
  const lines = shallowRef<RunLog["lines"]>([]);
  const isTruncated = ref(false);
  const isGone = ref(false);
  const hasFailed = ref(false);
  const problem = ref<string | null>(null);
  let turn = 0;

  async function load(): Promise<void> {
    const mine = ++turn;
    const key = toValue(id);
    hasFailed.value = false;
    try {
      const [found, log, diff] = await Promise.all([readRun(key), keptLog(key), readRunDiff(key)]);
      if (mine !== turn) return;
      run.value = found;
      files.value = diff.files;
      lines.value = log.lines;
      isTruncated.value = log.is_truncated;
      isGone.value = log.isGone;
    } catch {
      if (mine === turn) hasFailed.value = run.value === null;
    }
  }

  async function cancel(): Promise<void> {
    problem.value = null;
    try {
      run.value = await cancelRun(toValue(id));
    } catch (error) {
      problem.value = errorText(error);
    }
  }

  function textOf(stream: OutputStream): string {
    const live = outputs.outputs.get(toValue(id))?.[stream] ?? "";
    const stored = lines.value.filter((line) => line.stream === stream);
    const text = stored.map((line) => line.text).join("");
    return live.length > text.length ? live : text;
  }

  // The feed's entry changes when the run ends: then its diff is there.
  const outcome = computed(() => {
    const entry = workspace.feed.find((known) => known.kind === "run" && known.run === toValue(id));
    return entry?.kind === "run" ? entry.outcome : null;
  });
  watch([() => toValue(id), outcome], () => void load(), { immediate: true });

  const log = computed(() => textOf("log"));
  const reply = computed(() => textOf("reply"));
  return { run, files, log, reply, isTruncated, isGone, hasFailed, problem, load, cancel };
}
