/** What is wrong with an agent, and which models are left alone. */

import type { Breaker } from "@/api/healthTypes";
import type { Agent, AgentState } from "@/api/types";

/** What a person can do about it differs by these, not by every single failure. */
export type Trouble =
  | "key_refused"
  | "not_configured"
  | "model_unknown"
  | "provider_ill"
  | "too_long"
  | "refused"
  | "edits"
  | "house"
  | "too_many_calls"
  | "budget"
  | "circle"
  | "late"
  | "stuck";

const TROUBLES: Record<string, Trouble> = {
  unauthorized: "key_refused",
  not_configured: "not_configured",
  not_found: "model_unknown",
  unreachable: "provider_ill",
  rate_limited: "provider_ill",
  overloaded: "provider_ill",
  timeout: "provider_ill",
  malformed: "provider_ill",
  cut_off: "provider_ill",
  breaker_open: "provider_ill",
  reply_too_long: "too_long",
  context_too_long: "too_long",
  refused: "refused",
  filtered: "refused",
  edits_unmatched: "edits",
  malformed_reply: "edits",
  empty: "edits",
  no_call: "edits",
  over_allowance: "too_many_calls",
  over_budget: "budget",
};
const FAILING: readonly AgentState[] = ["BACKING_OFF", "PAUSED_BREAKER"];

/** What a failure means to a person; one that is not known lies with this installation. */
export function troubleOfFailure(failure: string): Trouble {
  return TROUBLES[failure] ?? "house";
}

/** What keeps an agent from its work; null where nothing does. */
export function troubleOf(agent: Pick<Agent, "state" | "loop" | "health" | "last_run">): Trouble | null {
  if (agent.state === "STOPPED") return null;
  if (agent.loop) return "circle";
  if (agent.state === "PAUSED_BUDGET") return "budget";
  if (FAILING.includes(agent.state) || agent.health === "failing") {
    const failure = agent.last_run?.failure; // Not there yet: its reason says what is known.
    return failure ? troubleOfFailure(failure) : null;
  }
  return agent.health === "late" || agent.health === "stuck" ? agent.health : null;
}

/** Models left alone that agents of this team need, with those that wait for them. */
export function breakersOf<Member extends Pick<Agent, "effective_model" | "state">>(
  agents: readonly Member[],
  breakers: readonly Breaker[],
): { breaker: Breaker; waiting: Member[] }[] {
  return breakers
    .map((breaker) => ({
      breaker,
      waiting: agents.filter((agent) => agent.effective_model === breaker.model && agent.state !== "STOPPED"),
    }))
    .filter(({ waiting }) => waiting.length);
}

/** Shares of the whole of a time, the longest first; what is no visible part of it is left out. */
export function sharesOf(seconds: Partial<Record<AgentState, number>>): { state: AgentState; share: number }[] {
  const spent = Object.entries(seconds) as [AgentState, number][];
  const whole = spent.reduce((sum, [, part]) => sum + part, 0);
  return spent
    .map(([state, part]) => ({ state, share: whole ? part / whole : 0 }))
    .filter(({ share }) => share >= 0.005)
    .toSorted((one, other) => other.share - one.share);
}
