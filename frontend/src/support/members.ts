/** Who comes first among the members of a mission, and who has to stay. */

import type { Member } from "@/api/members";

const RANK = { owner: 0, editor: 1, viewer: 2 } as const;

/** Owners first, then editors, then viewers; each by name. */
export function ordered(members: readonly Member[], language?: string): Member[] {
  return [...members].sort((a, b) => RANK[a.role] - RANK[b.role] || a.name.localeCompare(b.name, language));
}

/** Whether the mission would be nobody's without this member. */
export function isLastOwner(members: readonly Member[], one: Member): boolean {
  return one.role === "owner" && !members.some((other) => other.role === "owner" && other.user !== one.user);
}
