/** The six roles in the order of the work; others follow. */
export const ROLE_ORDER = [
  "specifications",
  "production",
  "management",
  "evaluation",
  "suivi",
  "duplication",
];

export function byRole<Item extends { role: string; id: number }>(a: Item, b: Item): number {
  return rankOf(a.role) - rankOf(b.role) || a.id - b.id;
}

function rankOf(role: string): number {
  const place = ROLE_ORDER.indexOf(role);
  return place < 0 ? ROLE_ORDER.length : place;
}
