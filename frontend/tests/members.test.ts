import { describe, expect, it } from "vitest";

import type { Member } from "@/api/members";
import type { Membership } from "@/api/types";
import { isLastOwner, ordered } from "@/support/members";

const member = (user: number, name: string, role: Membership): Member => ({
  user, name, role, username: name.toLowerCase(), created_at: "2026-11-23T10:00:00Z",
});
const ada = member(1, "Ada", "owner");
const bob = member(2, "bob", "viewer");
const emile = member(3, "Émile", "editor");
const zoe = member(4, "Zoe", "editor");

describe("members", () => {
  it("stand by what they may do, then by name", () => {
    const given = [bob, zoe, emile, ada];

    expect(ordered(given, "fr").map(({ name }) => name)).toEqual(["Ada", "Émile", "Zoe", "bob"]);
    expect(given[0]).toBe(bob);
  });

  it("cannot leave a mission without an owner", () => {
    const second = member(5, "Eve", "owner");

    expect(isLastOwner([ada, bob], ada)).toBe(true);
    expect(isLastOwner([ada, second], ada)).toBe(false);
    expect(isLastOwner([ada, bob], bob)).toBe(false);
  });
});
