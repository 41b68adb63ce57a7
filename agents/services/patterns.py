"""Which files an agent writes, watches and reads, where that is not what its role says."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from agents import announce
from agents.models import Agent
from agents.roles import registry
from agents.roles.base import AgentFiles
from agents.roles.patterns import clashes, overlap
from agents.services.queue import look_anew
from missions.hooks import Landed
from missions.paths import extension, validate_path
from missions.turns import turn
from parallagon.core.errors import Conflict, ValidationError
from parallagon.core.services import BaseService

_WILDCARDS = re.compile(r"[*?]+")
LISTS = ("writes", "watches", "reads")


class FilesOverlap(Conflict):
    """Two agents of one mission could write the same file."""

    code = "files_overlap"


@dataclass(frozen=True, kw_only=True)
class SetFiles(BaseService[Agent]):
    """Give the agent patterns of its own; an empty list goes back to its role's, none stays.

    Raises (from ``execute``):
        ValidationError: what no file's path can match.
        FilesOverlap: another agent of the mission could write the same file.
    """

    operation = "agents.agent.set_files"
    agent: Agent
    now: datetime
    writes: Sequence[str] | None = None
    watches: Sequence[str] | None = None
    reads: Sequence[str] | None = None

    def _validate_input(self) -> None:
        for pattern in (*(self.writes or ()), *(self.watches or ()), *(self.reads or ())):
            check_pattern(pattern)

    def _perform(self) -> Agent:
        agent = self.agent
        given = {name: getattr(self, name) for name in LISTS if getattr(self, name) is not None}
        with turn(agent.mission_id), override(agent.mission.language):
            for name, patterns in given.items():
                setattr(agent, name, list(dict.fromkeys(patterns)))
            self._check_owners()
            agent.save(update_fields=[*given])
            look_anew(agent, reason=_("its files have changed"), now=self.now)
            announce.agent_changed(agent, now=self.now)
        return agent

    def _check_owners(self) -> None:
        others = Agent.objects.filter(mission=self.agent.mission_id).exclude(pk=self.agent.pk)
        owned = {one.role: registry.of(one).list_files().writes for one in (self.agent, *others)}
        for role, pattern, other, other_pattern in clashes(owned):
            sentence = _(
                "%(role)s (%(pattern)s) and %(other)s (%(other_pattern)s) could write one file."
            )
            raise FilesOverlap(
                sentence
                % {
                    "role": registry.get(role).name(),
                    "pattern": pattern,
                    "other": registry.get(other).name(),
                    "other_pattern": other_pattern,
                },
                roles=[role, other],
            )


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that no file's path can match.

    Raises:
        ValidationError: with the rule that it breaks.
    """
    example = _WILDCARDS.sub("x", pattern)
    if not extension(example) and _WILDCARDS.search(pattern.rpartition("/")[2]):
        example += ".md"
    try:
        validate_path(example)
    except ValidationError as error:
        sentence = _("“%(pattern)s” stands for no file: %(reason)s")
        shown = {"pattern": pattern[:80], "reason": error.message}
        raise ValidationError(sentence % shown, pattern=pattern[:80]) from error


def follow_files(landed: Landed) -> None:
    """Let agents that name a moved file go on with it under its new name.

    Its owner does not, where the file went among the files of another agent: it is that one's now.
    """
    if not landed.moves:
        return
    agents = list(Agent.objects.select_for_update(no_key=True).filter(mission=landed.mission))
    for agent in agents:
        others = [
            pattern
            for other in agents
            if other.pk != agent.pk
            for pattern in registry.of(other).list_files().writes
        ]
        _follow(agent, landed.moves, others)


def _follow(agent: Agent, moves: Mapping[str, str], others: Iterable[str]) -> None:
    own = registry.of(agent).list_files()
    free = {old: new for old, new in moves.items() if not _is_covered(new, others)}
    files = AgentFiles(
        writes=_renamed(own.writes, free),
        watches=_renamed(own.watches, moves),
        reads=_renamed(own.reads, moves),
    )
    if files == own:
        return
    of_role = registry.get(agent.role).list_files()
    for name in LISTS:
        patterns = getattr(files, name)
        setattr(agent, name, [] if patterns == getattr(of_role, name) else list(patterns))
    agent.save(update_fields=[*LISTS])


def _renamed(patterns: tuple[str, ...], moves: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(moves.get(pattern, pattern) for pattern in patterns)


def _is_covered(path: str, patterns: Iterable[str]) -> bool:
    return any(overlap(path, pattern) for pattern in patterns)
