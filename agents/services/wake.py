"""What happens to agents when something happens to their mission; called inside its transaction."""

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Final, TypeVar

from django.utils import translation
from django.utils.translation import gettext as _

from agents import announce
from agents.budget import is_free
from agents.models import Agent, AgentRun
from agents.roles import registry
from agents.roles.base import AiderAgent
from agents.roles.patterns import matches_any
from agents.scheduling import DEBOUNCE, GATHER
from agents.services.control import StartMission
from agents.services.queue import WAKEFUL, bring_forward, look_anew
from agents.services.roster import add_missing
from missions.hooks import Archived, Created, Decided, Landed, Reset, Updated
from missions.models import Mission, Revision
from parallagon.core import telemetry

State = Agent.State
OUTSIDE: Final = frozenset({Revision.AuthorKind.PERSON, Revision.AuthorKind.EXTERNAL})
"""Authors whose changes are no part of a circle."""
Happening = TypeVar("Happening", Landed, Decided, Updated, Reset, Archived)


def in_its_language(hook: Callable[[Happening], None]) -> Callable[[Happening], None]:
    """Let a hook give its reasons in the language of the mission, whoever caused it."""

    @wraps(hook)
    def speaking(happening: Happening) -> None:
        with translation.override(happening.mission.language):
            hook(happening)

    return speaking


def create_agents(created: Created) -> None:
    """Give a new mission one stopped agent a role; let them begin where that was asked for."""
    add_missing([created.mission.pk], now=created.now)
    if created.start:
        StartMission(mission=created.mission, now=created.now).execute()


@in_its_language
def wake_agents(landed: Landed) -> None:
    """Bring forward the agents that watch what has landed, or own what another has changed."""
    asleep: list[Agent] = []
    is_disturbed = any(revision.author_kind in OUTSIDE for revision in landed.revisions)
    if is_disturbed:
        Agent.objects.filter(mission=landed.mission).update(undisturbed_since=landed.now)
    for agent in Agent.objects.filter(mission=landed.mission).exclude(state=State.STOPPED):
        causes = [
            revision for revision in landed.revisions if _concerns(registry.of(agent), revision)
        ]
        if agent.loop:  # whatever a person changed is a new cause
            causes = list(landed.revisions) if is_disturbed else []
        if causes and _bring_forward(agent, causes, landed):
            asleep.append(agent)
    for agent in asleep:
        announce.agent_changed(agent, now=landed.now)


def _concerns(role: AiderAgent, revision: Revision) -> bool:
    if revision.author_kind == Revision.AuthorKind.AGENT and revision.role == role.role:
        return False
    files = role.list_files()
    return matches_any((*files.watches, *files.writes), revision.file.path)


def _bring_forward(agent: Agent, causes: list[Revision], landed: Landed) -> bool:
    """Let the agent look soon; return whether that is news to those who look on."""
    if agent.state in {State.QUEUED, State.RUNNING}:
        origin = telemetry.origin_after(agent.origin)
        Agent.objects.filter(pk=agent.pk).update(is_dirty=True, origin=origin)
        if telemetry.is_on():
            _tell_queued_run(agent)
        return False
    if agent.state not in WAKEFUL and not agent.loop:
        return False
    soon = landed.now + _patience(agent, causes, landed.mission)
    if agent.state == State.IDLE and agent.next_run_at and agent.next_run_at <= soon:
        return False
    reason = _("%(path)s has changed") % {"path": causes[0].file.path}
    bring_forward(agent, at=soon, reason=reason, now=landed.now)
    return True


def _tell_queued_run(agent: Agent) -> None:
    """Let a run that has not begun, and will therefore see the change, be a part of its trace."""
    for run in agent.runs.filter(state=AgentRun.State.QUEUED).only("origin"):
        origin = telemetry.origin_after(run.origin)
        agent.runs.filter(pk=run.pk, state=AgentRun.State.QUEUED).update(origin=origin)


def _patience(agent: Agent, causes: list[Revision], mission: Mission) -> timedelta:
    authors = {revision.author_kind for revision in causes}
    if authors == {Revision.AuthorKind.PERSON}:
        return DEBOUNCE
    is_paid = not is_free(agent.model or mission.model)
    return GATHER if is_paid and authors == {Revision.AuthorKind.AGENT} else timedelta()


@in_its_language
def go_on(decided: Decided) -> None:
    """Let an agent in review mode look at what happened while it waited for the decision."""
    reviewed = Agent.objects.filter(
        mission=decided.mission, role=decided.role, mode=Agent.Mode.REVIEW
    )
    for agent in reviewed.exclude(state=State.RUNNING):
        look_anew(agent, reason=_("somebody has decided"), now=decided.now)
        announce.agent_changed(agent, now=decided.now)


@in_its_language
def follow_model(updated: Updated) -> None:
    """Let agents that use the mission's model look again when it has another."""
    if "model" not in updated.fields:
        return
    for agent in Agent.objects.filter(mission=updated.mission, model=""):
        look_anew(agent, reason=_("the model has changed"), now=updated.now)
        announce.agent_changed(agent, now=updated.now)


@in_its_language
def begin_anew(reset: Reset) -> None:
    """Let agents forget what they had seen: the files are the first ones again.

    Runs at work are cancelled, and their agents look again; queued ones will see the first files.
    The team of the demo starts by itself.
    """
    agents = Agent.objects.filter(mission=reset.mission)
    AgentRun.objects.filter(agent__in=agents, state=AgentRun.State.RUNNING).update(
        is_cancel_requested=True
    )
    agents.filter(state=State.RUNNING).update(is_dirty=True)
    seq = Mission.objects.values_list("seq", flat=True).get(pk=reset.mission.pk)
    agents.update(fingerprint="", seen_seq=seq, undisturbed_since=reset.now)
    if reset.mission.is_demo:
        StartMission(mission=reset.mission, now=reset.now).execute()


@in_its_language
def stop_agents(archived: Archived) -> None:
    """Stop every agent of a mission that was put away."""
    for agent in Agent.objects.filter(mission=archived.mission).exclude(state=State.STOPPED):
        if agent.state in {State.QUEUED, State.RUNNING}:
            Agent.objects.filter(pk=agent.pk).update(is_stopping=True)
            agent.runs.filter(state__in=["QUEUED", "RUNNING"]).update(is_cancel_requested=True)
        else:
            agent.move_to(
                State.STOPPED,
                reason=_("the mission was put away"),
                now=archived.now,
                next_run_at=None,
            )
