"""Agents that go round in circles, or fail alike again and again, are paused until a person acts.

The cause is told in words.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Final

from django.utils.translation import gettext as _

from agents import announce, hooks, loops
from agents.loops import Circle, Step
from agents.models import HEALING, Agent, AgentRun
from agents.roles import registry
from agents.roles.base import AiderAgent
from missions.cache import CachedStore
from missions.models import Revision
from parallagon.core.services import BaseService

RECENT: Final = 60
"""So many of a mission's last runs are looked at."""
LONGEST: Final = 400_000
"""Characters of two texts: in longer ones nobody looks for the section."""

Outcome = AgentRun.Outcome
Loop = Agent.Loop
State = Agent.State

FAILED: Final = frozenset({Outcome.FAILED, Outcome.TIMED_OUT})
TELLING: Final = FAILED | {Outcome.CHANGED, Outcome.PROPOSED, Outcome.REJECTED}
SILENT: Final = (
    Outcome.SKIPPED,
    Outcome.CANCELLED,
    Outcome.STOPPED_BREAKER,
    Outcome.STOPPED_BUDGET,
)
"""Outcomes of runs that did not get as far as to fail or not."""
PAUSABLE: Final = frozenset({State.IDLE, State.BACKING_OFF})
"""One that is queued or at work is found again when its own run ends."""


@dataclass(frozen=True, kw_only=True)
class StopLoop(BaseService[Circle | None]):
    """Pause the agents of the circle that a finished run closes, if it closes one.

    The caller holds the transaction and tells of ``agent`` itself. Where nothing is found it
    asks three times at most.
    """

    operation = "agents.loop.stop"
    log_level = logging.DEBUG
    agent: Agent
    run: AgentRun
    now: datetime

    def _perform(self) -> Circle | None:
        if self.run.outcome not in TELLING and self.run.cost is None:
            return None
        found = self._find()
        if found is None:
            return None
        circle, reason = found
        if circle.kind == Loop.FAILING and self.run.failure in HEALING:
            self._tell(circle, circle.roles, reason, goes_on=True)
            return circle
        paused = self._pause(circle, reason[:300])
        if paused:
            self._tell(circle, tuple(agent.role for agent in paused), reason)
        return circle

    def _find(self) -> tuple[Circle, str] | None:
        if self.run.outcome in FAILED:
            found = self._failures()
            if found or self.run.cost is None:
                return found
        recent = list(
            AgentRun.objects.filter(mission_id=self.run.mission_id)
            .order_by("-queued_at")
            .only("agent_id", "state", "outcome", "reason", "cost", "queued_at")[:RECENT]
        )[::-1]
        return (
            self._circle(self._since_a_person(recent))
            or self._refusals(self._since_a_person(recent))
            or self._cost(recent)
        )

    def _since_a_person(self, runs: Sequence[AgentRun]) -> list[AgentRun]:
        since = self.agent.undisturbed_since
        return [run for run in runs if since is None or run.queued_at >= since]

    # -- what they wrote -----------------------------------------------------------------------

    def _circle(self, recent: Sequence[AgentRun]) -> tuple[Circle, str] | None:
        changed = [run.pk for run in recent if run.outcome == Outcome.CHANGED]
        if self.run.outcome != Outcome.CHANGED or len(changed) < 1 + loops.RETURNS:
            return None
        revisions = list(
            Revision.objects.filter(
                run_id__in=changed, author_kind=Revision.AuthorKind.AGENT
            ).order_by("pk").select_related("parent")
        )  # fmt: skip
        last = [revision for revision in revisions if revision.run_id == self.run.pk]
        others = [_step(revision) for revision in revisions if revision not in last]
        roles = self._roles()

        def watches(role: str, path: str) -> bool:
            return role in roles and roles[role].is_watched(path)

        for revision in last:
            if circle := _find([*others, _step(revision)], watches):
                names = [roles[role].name() if role in roles else role for role in circle.roles]
                return circle, _sentence(circle, names)
        return None

    def _roles(self) -> dict[str, AiderAgent]:
        """Return the team's roles, with the files that each has in this mission."""
        team = Agent.objects.filter(mission_id=self.run.mission_id)
        return {agent.role: registry.of(agent) for agent in team}

    # -- how they ended ------------------------------------------------------------------------

    def _refusals(self, recent: Sequence[AgentRun]) -> tuple[Circle, str] | None:
        if self.agent.mode == Agent.Mode.REVIEW:
            return None  # each of its results waits for a person, as that person wanted
        own = [run for run in recent if run.agent_id == self.agent.pk]
        endings = [(run.outcome, run.reason) for run in own if run.outcome != Outcome.SKIPPED]
        if not loops.is_refused_again(endings):
            return None
        circle = self._alone(Loop.REFUSED, loops.REFUSALS)
        reason = _("its last %(count)s results could not be taken as they were: %(reason)s")
        return circle, reason % {"count": loops.REFUSALS, "reason": self.run.reason}

    def _failures(self) -> tuple[Circle, str] | None:
        """Find what an agent has failed by so often; what may pass by itself is found once."""
        own = self.agent.runs.filter(state=AgentRun.State.FINISHED).exclude(outcome__in=SILENT)
        if self.agent.undisturbed_since:
            own = own.filter(queued_at__gte=self.agent.undisturbed_since)
        last = own.order_by("-queued_at").values_list("failure", flat=True)
        count = loops.failures_alike(list(last[: loops.FAILURES + 1]))
        if count < loops.FAILURES or (count > loops.FAILURES and self.run.failure in HEALING):
            return None
        reason = _("its last %(count)s runs failed alike: %(reason)s")
        if self.run.failure in HEALING:
            reason = _("its last %(count)s runs failed alike, and it goes on trying: %(reason)s")
        circle = self._alone(Loop.FAILING, count)
        return circle, reason % {"count": loops.FAILURES, "reason": self.run.reason}

    def _cost(self, recent: Sequence[AgentRun]) -> tuple[Circle, str] | None:
        own = [run for run in recent if run.agent_id == self.agent.pk and run.pk != self.run.pk]
        earlier = [run.cost for run in own if run.cost]
        times = loops.times_too_dear(self.run.cost, earlier)
        if not times:
            return None
        reason = _("its last run cost %(times)s times what its runs usually cost")
        return self._alone(Loop.COST, times), reason % {"times": times}

    def _alone(self, kind: str, count: int) -> Circle:
        return Circle(kind=kind, roles=(self.agent.role,), path="", count=count)

    # -- pausing -------------------------------------------------------------------------------

    def _pause(self, circle: Circle, reason: str) -> list[Agent]:
        others = Agent.objects.filter(mission_id=self.run.mission_id, role__in=circle.roles)
        agents = [*others.exclude(pk=self.agent.pk), self.agent]
        paused = [agent for agent in agents if agent.state in PAUSABLE]
        for agent in paused:
            agent.move_to(
                State.PAUSED_BREAKER,
                reason=reason,
                now=self.now,
                next_run_at=None,
                loop=circle.kind,
            )
            if agent is not self.agent:
                announce.agent_changed(agent, now=self.now)
        return paused

    def _tell(
        self, circle: Circle, roles: tuple[str, ...], reason: str, *, goes_on: bool = False
    ) -> None:
        mission = self.agent.mission
        stopped = hooks.LoopStopped(
            mission=mission,
            roles=roles,
            kind=circle.kind,
            reason=reason,
            now=self.now,
            goes_on=goes_on,
        )
        for hook in hooks.on_loop:
            hook(stopped)
        if goes_on:
            return
        announce.settled(mission, now=self.now)


def _step(revision: Revision) -> Step:
    before = revision.parent.blob_id if revision.parent else None
    return Step(
        role=revision.role,
        file=revision.file_id,
        path=revision.path,
        before=before,
        after=revision.blob_id,
    )


def _find(steps: Sequence[Step], watches: loops.Watches) -> Circle | None:
    """Return the circle that the last step closes; texts are read only where that may tell."""
    if circle := loops.find_return(steps, watches=watches):
        return replace(circle, section=min(_read(steps[-1]).sections, default=""))
    worth = loops.worth_reading(steps, watches=watches)
    return loops.find_turns([_read(step) for step in worth], watches=watches) if worth else None


def _read(step: Step) -> Step:
    if step.before is None or step.after is None:
        return step
    return replace(step, sections=_sections(step.before, step.after))


@lru_cache(maxsize=2048)
def _sections(before: str, after: str) -> frozenset[str]:
    store = CachedStore()
    old, new = store.text(before).text, store.text(after).text
    # The caller holds the mission's lock: no reading of texts that take long.
    return loops.sections_changed(old, new) if len(old) + len(new) <= LONGEST else frozenset()


def _sentence(circle: Circle, names: Sequence[str]) -> str:
    place = circle.path
    if circle.section:
        words = {"section": circle.section, "path": circle.path}
        place = _("the section “%(section)s” of %(path)s") % words
    return _pattern(circle) % {
        "names": _(" and ").join(names),
        "section": circle.section,
        "place": place,
        "count": circle.count,
    }


def _pattern(circle: Circle) -> str:
    if circle.kind == Loop.REWRITTEN:
        return _("%(names)s have rewritten the section “%(section)s” in turn %(count)s times")
    if circle.kind == Loop.NO_CHANGE:
        return _("after %(count)s changes by %(names)s, %(place)s is what it was before")
    if len(circle.roles) > 1:
        return _(
            "%(names)s undo each other’s work: %(place)s has returned to an earlier text"
            " %(count)s times"
        )
    return _(
        "%(names)s goes back and forth: %(place)s has returned to an earlier text %(count)s times"
    )
