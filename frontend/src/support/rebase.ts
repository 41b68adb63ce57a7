/** Changes between texts, as CodeMirror applies them; loaded with the editor. */

import { diff } from "@codemirror/merge";
import { ChangeSet } from "@codemirror/state";

const PRECISION = { scanLimit: 1000, timeout: 100 };

/** What leads from `before` to `after`, as small as can be told quickly. */
export function changesBetween(before: string, after: string): ChangeSet {
  const specs = diff(before, after, PRECISION).map(({ fromA, toA, fromB, toB }) => ({
    from: fromA,
    to: toA,
    insert: after.slice(fromB, toB),
  }));
  return ChangeSet.of(specs, before.length, "\n");
}

/** What to apply to `current`, typed on top of `from`, so that it takes in `from` → `to`. */
export function rebasedChanges(current: string, from: string, to: string): ChangeSet {
  const theirs = changesBetween(from, to);
  return current === from ? theirs : theirs.map(changesBetween(from, current));
}
