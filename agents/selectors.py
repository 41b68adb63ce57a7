"""What is known of agents and runs."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal
from uuid import UUID

from django.conf import settings
from django.db.models import OuterRef, Q, QuerySet, Subquery

from agents import scheduling
from agents.fingerprint import FileState
from agents.models import Agent, AgentRun, Instruction
from agents.roles import registry
from agents.roles.base import TeamMember
from agents.roles.patterns import matches_any
from missions.hooks import RunFacts
from missions.models import Membership, Mission, MissionFile, Proposal, Revision

Activity = Literal["working", "waiting", "settled", "stopped"]

RESEND_AFTER = timedelta(seconds=60)


def agents_due(*, now: datetime) -> QuerySet[Agent]:
    """Return the agents whose next look has come, the longest due first."""
    return Agent.objects.filter(
        state__in=Agent.WAITING,
        next_run_at__lte=now,
        mission__state="ACTIVE",
        role__in=[role.role for role in registry.all_roles()],
    ).order_by("next_run_at")


def agents_seen_by(user_id: int) -> QuerySet[Agent]:
    """Return the agents of the missions of which the user is a member."""
    seen = Agent.objects.filter(mission__memberships__user_id=user_id)
    return seen.exclude(mission__state=Mission.State.DELETED).select_related("mission")


def missions_led_by(user_id: int) -> QuerySet[Mission]:
    """Return the active missions whose agents the user may control."""
    led = Membership.objects.filter(
        user_id=user_id, role__in=[Membership.Role.OWNER, Membership.Role.EDITOR]
    )
    active = Mission.objects.filter(state=Mission.State.ACTIVE)
    return active.filter(pk__in=led.values("mission_id")).order_by("pk")


def runs_seen_by(user_id: int) -> QuerySet[AgentRun]:
    """Return the runs of the missions of which the user is a member."""
    seen = AgentRun.objects.filter(mission__memberships__user_id=user_id)
    return seen.exclude(mission__state=Mission.State.DELETED).select_related("agent")


def last_runs(agents: Sequence[Agent]) -> dict[int, AgentRun]:
    """Return each agent's newest run, by the agent's key; one query."""
    newest = AgentRun.objects.filter(agent=OuterRef("pk")).order_by("-queued_at").values("pk")[:1]
    keys = Agent.objects.filter(pk__in=[agent.pk for agent in agents]).values_list(
        Subquery(newest), flat=True
    )
    runs = AgentRun.objects.filter(pk__in=[key for key in keys if key]).select_related("agent")
    return {run.agent_id: run for run in runs}


def last_changes(agents: Sequence[Agent]) -> dict[int, datetime]:
    """Return when each agent last changed a file; one query."""
    newest = (
        AgentRun.objects.filter(agent=OuterRef("pk"), outcome=AgentRun.Outcome.CHANGED)
        .order_by("-finished_at")
        .values("finished_at")[:1]
    )
    rows = Agent.objects.filter(pk__in=[agent.pk for agent in agents]).values_list(
        "pk", Subquery(newest)
    )
    return {key: at for key, at in rows if at}


def runs_to_send(*, now: datetime, lost_after: timedelta = RESEND_AFTER) -> QuerySet[AgentRun]:
    """Return queued runs that were never sent, whose message is lost or whose wait is over."""
    unsent = Q(not_before=None, sent_at=None) | Q(not_before=None, sent_at__lte=now - lost_after)
    return AgentRun.objects.filter(state=AgentRun.State.QUEUED).filter(
        unsent | Q(not_before__lte=now)
    )


def runs_under_way(*, now: datetime) -> QuerySet[AgentRun]:
    """Return the runs at work, and those whose message is on its way to a worker."""
    sent = Q(state=AgentRun.State.QUEUED, not_before=None, sent_at__gt=now - RESEND_AFTER)
    # "active" again, for the index that holds these few rows of all.
    return AgentRun.objects.filter(
        Q(state=AgentRun.State.RUNNING) | sent, state__in=AgentRun.ACTIVE
    ).order_by()


def origins_of(run_ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return which trace each run is a part of."""
    return dict(AgentRun.objects.filter(pk__in=run_ids).values_list("pk", "origin"))


def run_directory(run_id: object) -> Path:
    """Return the folder that keeps what a run leaves behind."""
    return runs_directory() / str(run_id)


def runs_directory() -> Path:
    """Return the folder that holds those of all runs."""
    return Path(settings.DATA_DIR) / "runs"


def staging_directory(run_id: object) -> Path:
    """Return the private folder in which a run works; it goes away with the run."""
    return Path(settings.DATA_DIR) / "staging" / str(run_id)


def writing_until(
    run: AgentRun, owned: Sequence[str], files: Sequence[FileState], *, now: datetime
) -> datetime | None:
    """Return until when a person who writes in an owned file is left alone, or ``None``."""
    saves = [
        file.saved_at
        for file in files
        if file.author_kind == Revision.AuthorKind.PERSON and matches_any(owned, file.path)
    ]
    return scheduling.quiet_until(
        max(saves, default=None),
        queued_at=run.queued_at,
        now=now,
        quiet=settings.PARALLAGON_QUIET_SECONDS,
        most=settings.PARALLAGON_QUIET_MOST_SECONDS,
    )


def facts_of_runs(run_ids: Sequence[UUID]) -> Mapping[UUID, RunFacts]:
    """Return what each run was and used up; one query, or as few as the database allows."""
    known = AgentRun.objects.only("outcome", "model", "input_tokens", "output_tokens", "cost")
    return {
        run_id: RunFacts(
            outcome=run.outcome,
            model=run.model,
            input_tokens=run.input_tokens,
            output_tokens=run.output_tokens,
            cost=run.cost,
        )
        for run_id, run in known.in_bulk(run_ids).items()
    }


def activities(mission_ids: Sequence[int]) -> Mapping[int, Activity]:
    """Return what each mission's team is doing; one query."""
    states: dict[int, set[str]] = defaultdict(set)
    agents = Agent.objects.filter(mission_id__in=mission_ids)
    held: dict[int, set[str]] = defaultdict(set)
    known = agents.annotate(is_never=Q(next_run_at=None))
    rows = known.values_list("mission_id", "state", "loop", "is_never").distinct()
    for mission_id, state, loop, is_never in rows:
        if loop:
            # One that a person has to free has nothing to do until then, like one that is settled.
            states[mission_id].add(Agent.State.SETTLED)
        elif is_never and state in Agent.HOLDING:
            held[mission_id].add(state)
        else:
            states[mission_id].add(state)
    for mission_id, waiting in held.items():
        # Nobody waits for one that only a person can help; alone it is no team that has settled.
        if not states[mission_id] - {Agent.State.STOPPED}:
            states[mission_id] |= waiting
    return {mission_id: activity_of(states[mission_id]) for mission_id in mission_ids}


def activity_of(states: set[str]) -> Activity:
    """Sum up the states of one mission's agents."""
    awake = states - {Agent.State.STOPPED}
    if not awake:
        return "stopped"
    if awake & {Agent.State.QUEUED, Agent.State.RUNNING}:
        return "working"
    return "settled" if awake == {Agent.State.SETTLED} else "waiting"


def paths_of(mission_id: int) -> tuple[str, ...]:
    """Return the names of the files that are there; one query."""
    files = MissionFile.objects.filter(mission_id=mission_id).present().order_by("path")
    return tuple(files.values_list("path", flat=True))


def awaiting_decision(agents: Sequence[Agent]) -> set[int]:
    """Return which of one mission's agents in review mode wait for a person to decide.

    One who was left an instruction since does not: that is a person's word, too. Two queries, none
    where nobody is in review mode.
    """
    reviewed = {agent.role: agent for agent in agents if agent.mode == Agent.Mode.REVIEW}
    if not reviewed:
        return set()
    mission_id = next(iter(reviewed.values())).mission_id
    undecided = Proposal.objects.filter(
        mission_id=mission_id, role__in=list(reviewed), state=Proposal.State.OPEN
    )
    waiting = {reviewed[role].pk for role in undecided.values_list("role", flat=True)}
    asked = Instruction.objects.unread().filter(agent_id__in=waiting)
    return waiting - set(asked.values_list("agent_id", flat=True)) if waiting else waiting


def team_of(agent: Agent) -> tuple[TeamMember, ...]:
    """Return the other agents of the mission that can work; two queries."""
    others = list(Agent.objects.filter(mission_id=agent.mission_id).exclude(pk=agent.pk))
    outcomes = _last_outcomes(others)
    roles = [(other, registry.of(other)) for other in others]
    return tuple(
        TeamMember(
            role=other.role,
            state=other.state,
            last_outcome=outcomes.get(other.pk),
            reason=other.reason,
            writes=role.list_files().writes,
            watches=role.list_files().watches,
        )
        for other, role in roles
        if role.is_available
    )


def _last_outcomes(agents: Sequence[Agent]) -> dict[int, str]:
    newest = (
        AgentRun.objects.filter(agent=OuterRef("pk"), state=AgentRun.State.FINISHED)
        .exclude(outcome=AgentRun.Outcome.SKIPPED)
        .order_by("-finished_at")
        .values("outcome")[:1]
    )
    rows = Agent.objects.filter(pk__in=[agent.pk for agent in agents]).values_list(
        "pk", Subquery(newest)
    )
    return {key: outcome for key, outcome in rows if outcome}
