import { computed, ref, shallowRef, watch } from "vue";

import {
  changeRole, invite as makeInvitation, listInvitations, listMembers, removeMember, withdraw as takeBack,
  type Invitation, type Member, type NewInvitation,
} from "@/api/members";
import type { Membership } from "@/api/types";
import { useWorkspace } from "@/stores/workspace";
import { gather } from "@/support/gather";
import { ordered } from "@/support/members";

/** Who takes part in a mission and, for its owners, who is invited; asked again when the mission changes. */
export function useMembers(mission: number) {
  const workspace = useWorkspace();
  const found = shallowRef<Member[]>([]);
  const invitations = shallowRef<Invitation[]>([]);
  const status = ref<"loading" | "ready" | "failed">("loading");
  const members = computed(() => ordered(found.value));
  let turn = 0;

  async function load(): Promise<void> {
    const mine = ++turn;
    const asked = workspace.isOwner ? listInvitations(mission) : Promise.resolve([]);
    const answers = await Promise.all([listMembers(mission), asked]).catch(() => null);
    if (mine !== turn) return;
    if (answers) [found.value, invitations.value] = answers;
    if (answers || status.value === "loading") status.value = answers ? "ready" : "failed";
  }

  async function change(member: Member, role: Membership): Promise<void> {
    const changed = await changeRole(mission, member.user, role);
    turn += 1; // What was asked before may not know of it.
    found.value = found.value.map((one) => (one.user === member.user ? changed : one));
  }

  async function remove(member: Member): Promise<void> {
    await removeMember(mission, member.user);
    turn += 1;
    found.value = found.value.filter((one) => one.user !== member.user);
  }

  async function invite(role: Membership, email: string): Promise<NewInvitation> {
    const made = await makeInvitation(mission, role, email);
    turn += 1;
    invitations.value = [made, ...invitations.value];
    return made;
  }

  async function withdraw(invitation: Invitation): Promise<void> {
    await takeBack(mission, invitation.id);
    turn += 1;
    invitations.value = invitations.value.filter((one) => one.id !== invitation.id);
  }

  watch(() => workspace.mission, gather(load), { immediate: true });
  return { members, invitations, status, load, change, remove, invite, withdraw };
}
