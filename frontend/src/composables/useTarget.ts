import { readonly, shallowRef } from "vue";

interface Target {
  mission: number;
  path: string;
  line: number;
}

const target = shallowRef<Target | null>(null);

/** The line that whoever opens a file wants to see; the editor that shows it takes it. */
export function useTarget() {
  function aim(next: Target | null): void {
    target.value = next;
  }

  return { target: readonly(target), aim };
}
