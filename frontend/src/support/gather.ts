import { pause } from "@/support/pause";

/**
 * Make of many calls few requests: one under way, at most one more after it, and at most one in
 * `milliseconds`. The first goes at once; after the last call there is always one that began later.
 * The action tells of its failures by itself.
 */
export function gather(action: () => Promise<unknown>, milliseconds = 1_000): () => void {
  let isBusy = false;
  let isWanted = false;

  async function answer(): Promise<void> {
    isBusy = true;
    while (isWanted) {
      isWanted = false;
      await Promise.allSettled([action(), pause(milliseconds)]);
    }
    isBusy = false;
  }

  return () => {
    isWanted = true;
    if (!isBusy) void answer();
  };
}
