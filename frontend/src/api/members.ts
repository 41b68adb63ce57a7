import { request } from "./http";
import { readAll } from "./missions";
import type { Membership } from "./types";

/** Someone who takes part in a mission. */
export interface Member {
  user: number;
  username: string;
  name: string;
  role: Membership;
  created_at: string;
}

/** A place that is kept for somebody; with no address, for whoever has the link. */
export interface Invitation {
  id: number;
  role: Membership;
  email: string;
  invited_by: string;
  created_at: string;
  expires_at: string;
  sent_at: string | null;
}

/** Its link is shown this once; there is none for an invitation that is mailed. */
export interface NewInvitation extends Invitation {
  link: string | null;
}

export const ROLES: readonly Membership[] = ["owner", "editor", "viewer"];

export const listMembers = (mission: number) => readAll<Member>(`missions/${mission}/members/`);
export const changeRole = (mission: number, user: number, role: Membership) =>
  request<Member>("PATCH", `missions/${mission}/members/${user}/`, { body: { role } });
export const removeMember = (mission: number, user: number) =>
  request<undefined>("DELETE", `missions/${mission}/members/${user}/`);

export const listInvitations = (mission: number) => readAll<Invitation>(`missions/${mission}/invitations/`);
export const invite = (mission: number, role: Membership, email: string) =>
  request<NewInvitation>("POST", `missions/${mission}/invitations/`, { body: { role, email } });
export const withdraw = (mission: number, id: number) =>
  request<undefined>("DELETE", `missions/${mission}/invitations/${id}/`);
