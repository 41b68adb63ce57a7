import { useIntervalFn } from "@vueuse/core";
import { createSharedComposable } from "@vueuse/core";
import { readonly, ref } from "vue";

/** The time in milliseconds, a second at a time, one timer for the whole page. */
export const useClock = createSharedComposable(() => {
  const now = ref(Date.now());
  useIntervalFn(() => {
    now.value = Date.now();
  }, 1000);
  return readonly(now);
});
