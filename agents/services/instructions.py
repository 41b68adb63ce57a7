"""What a person asks of an agent's next run; it can be changed while nobody has read it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import override

from agents import announce
from agents.models import Agent, Instruction
from agents.services.queue import look_anew
from missions.services.writing import check_open
from missions.turns import turn
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, ValidationError
from parallagon.core.services import BaseService

LONGEST: Final = 4_000
MOST_UNREAD: Final = 20


class AlreadyRead(Conflict):
    """A run has seen to this instruction: it is history."""

    code = "already_read"


@dataclass(frozen=True, kw_only=True)
class LeaveInstruction(BaseService[Instruction]):
    """Tell an agent something for its next run, which begins at once unless it is stopped.

    Raises (from ``execute``):
        ValidationError: it says nothing, or too much.
        Conflict: too many wait already, or the mission was put away.
    """

    operation = "agents.instruction.leave"
    agent: Agent
    text: str
    author: User
    now: datetime

    def _validate_input(self) -> None:
        check_open(self.agent.mission)
        check_text(self.text)

    def _perform(self) -> Instruction:
        with turn(self.agent.mission_id):
            Agent.objects.select_for_update(no_key=True).get(pk=self.agent.pk)
            if self.agent.instructions.unread().count() >= MOST_UNREAD:
                sentence = _("%(count)s instructions wait already: change or remove one.")
                raise Conflict(sentence % {"count": MOST_UNREAD})
            instruction = Instruction.objects.create(
                agent=self.agent, text=self.text, author=self.author, created_at=self.now
            )
            wake(self.agent, now=self.now)
        return instruction


@dataclass(frozen=True, kw_only=True)
class ChangeInstruction(BaseService[Instruction]):
    """Say it otherwise. A run that was shown the old words does not count as having read it.

    Raises (from ``execute``):
        AlreadyRead: too late.
        ValidationError: it says nothing, or too much.
    """

    operation = "agents.instruction.change"
    instruction: Instruction
    text: str
    now: datetime

    def _validate_input(self) -> None:
        check_open(self.instruction.agent.mission)
        check_text(self.text)

    def _perform(self) -> Instruction:
        known = self.instruction
        values = {
            "text": self.text,
            "version": known.version + 1,
            "changed_at": self.now,
            "run": None,
        }
        with turn(known.agent.mission_id):
            unread = Instruction.objects.unread().filter(pk=known.pk, version=known.version)
            if not unread.update(**values):
                raise AlreadyRead(_("It was read, changed or removed meanwhile."))
            wake(known.agent, now=self.now)
        known.refresh_from_db()
        return known


@dataclass(frozen=True, kw_only=True)
class WithdrawInstruction(BaseService[None]):
    """Take it back.

    Raises (from ``execute``):
        AlreadyRead: too late.
    """

    operation = "agents.instruction.withdraw"
    instruction: Instruction
    now: datetime

    def _perform(self) -> None:
        agent = self.instruction.agent
        with turn(agent.mission_id):
            if not Instruction.objects.unread().filter(pk=self.instruction.pk).delete()[0]:
                raise AlreadyRead(_("It was read or removed meanwhile."))
            announce.agent_changed(agent, now=self.now)


def check_text(text: str) -> None:
    """Raise ``ValidationError`` unless the text says something, in few enough characters."""
    if not text.strip():
        raise ValidationError(_("An instruction says something."))
    if len(text) > LONGEST:
        sentence = _("An instruction has at most %(most)s characters.") % {"most": LONGEST}
        raise ValidationError(sentence, limit=LONGEST)


def wake(agent: Agent, *, now: datetime) -> None:
    """Let the agent look because a person told it something, and tell those who look on."""
    with override(agent.mission.language):
        look_anew(agent, reason=_("a person left an instruction"), now=now)
    announce.agent_changed(agent, now=now)
