"""An agent's prompt: every text it ever had is a version, and any of them can come back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import override

from agents import announce
from agents.models import Agent, PromptVersion
from agents.services.queue import look_anew
from missions.services.writing import check_open
from missions.turns import turn
from parallagon.accounts.models import User
from parallagon.core.errors import Conflict, ResourceNotFoundError, ValidationError
from parallagon.core.services import BaseService

LONGEST: Final = 20_000
SHIPPED: Final = 0
"""The number of the prompt that the role ships, which is not kept."""


class PromptChanged(Conflict):
    """Somebody else has given the agent another prompt meanwhile."""

    code = "prompt_changed"


@dataclass(frozen=True, kw_only=True)
class SetPrompt(BaseService[Agent]):
    """Give an agent a prompt of its own; an empty text goes back to the one that its role ships.

    ``base`` is the version that the author began with; ``None`` does not mind. A text that is the
    agent's already makes no version.

    Raises (from ``execute``):
        PromptChanged: there is a newer version than ``base``; its number is in the details.
        ValidationError: it is too long.
    """

    operation = "agents.prompt.set"
    agent: Agent
    text: str
    author: User
    now: datetime
    note: str = ""
    base: int | None = None

    def _validate_input(self) -> None:
        check_open(self.agent.mission)
        if len(self.text) > LONGEST:
            sentence = _("A prompt has at most %(most)s characters.") % {"most": LONGEST}
            raise ValidationError(sentence, limit=LONGEST)

    def _perform(self) -> Agent:
        text = self.text if self.text.strip() else ""
        with turn(self.agent.mission_id):
            agent = Agent.objects.select_for_update(no_key=True).get(pk=self.agent.pk)
            newest = self._newest(agent)
            if self.base is not None and self.base != newest:
                sentence = _("Somebody has changed this prompt meanwhile.")
                raise PromptChanged(sentence, version=newest)
            self.agent.prompt = agent.prompt
            if text != agent.prompt:
                self._keep(text, number=newest + 1)
        return self.agent

    def _newest(self, agent: Agent) -> int:
        """Return the number of the newest version; a prompt that has none yet is one from now."""
        newest: int = agent.prompt_versions.aggregate(newest=Max("number"))["newest"] or SHIPPED
        if agent.prompt and not newest:
            PromptVersion.objects.create(
                agent=agent, number=1, text=agent.prompt, created_at=agent.created_at
            )
            newest = 1
        return newest

    def _keep(self, text: str, *, number: int) -> None:
        PromptVersion.objects.create(
            agent=self.agent,
            number=number,
            text=text,
            note=self.note,
            author=self.author,
            created_at=self.now,
        )
        self.agent.prompt = text
        self.agent.save(update_fields=["prompt"])
        with override(self.agent.mission.language):
            look_anew(self.agent, reason=_("the prompt has changed"), now=self.now)
        announce.agent_changed(self.agent, now=self.now)


@dataclass(frozen=True, kw_only=True)
class RestorePrompt(BaseService[Agent]):
    """Make an old version the current one again, as a new version; 0 is what the role ships.

    Raises (from ``execute``):
        ResourceNotFoundError: there is no such version.
    """

    operation = "agents.prompt.restore"
    agent: Agent
    number: int
    author: User
    now: datetime

    def _perform(self) -> Agent:
        note = _("version %(number)s again") % {"number": self.number}
        if self.number == SHIPPED:
            note = _("the prompt that the role ships")
        return SetPrompt(
            agent=self.agent, text=self._text(), note=note, author=self.author, now=self.now
        ).execute()

    def _text(self) -> str:
        if self.number == SHIPPED:
            return ""
        version = self.agent.prompt_versions.filter(number=self.number).first()
        if version is None:
            raise ResourceNotFoundError(_("The prompt has no such version."), number=self.number)
        return version.text
