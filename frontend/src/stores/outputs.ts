import { defineStore } from "pinia";
import { ref } from "vue";

import type { OutputStream } from "@/api/types";

export interface Output {
  reply: string;
  log: string;
}

interface OutputPart {
  run: string;
  stream: OutputStream;
  offset: number;
  text: string;
}

const KEPT = 6_000;

/** What running agents are saying right now; only the end of it, only while they run. */
export const useOutputs = defineStore("outputs", () => {
  const outputs = ref(new Map<string, Output>());

  function begin(run: string): void {
    outputs.value.set(run, { reply: "", log: "" });
  }

  function add({ run, stream, text }: OutputPart): void {
    const output = outputs.value.get(run) ?? { reply: "", log: "" };
    outputs.value.set(run, { ...output, [stream]: (output[stream] + text).slice(-KEPT) });
  }

  function end(run: string): void {
    outputs.value.delete(run);
  }

  function clear(): void {
    outputs.value.clear();
  }

  return { outputs, begin, add, end, clear };
});
