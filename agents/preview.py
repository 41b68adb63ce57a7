"""What an agent's next run would ask its model, to the letter, and how long each part of it is."""

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from agents.aider import question
from agents.aider.protocol import EditFormat, EngineRequest, EngineUnavailable
from agents.aider.question import Message
from agents.gateway.families import family_of
from agents.gateway.models import resolve
from agents.gateway.protocol import GatewayError
from agents.models import Agent
from agents.roles import registry
from agents.roles.base import AiderAgent, RunContext
from agents.work import edit_format, run_context
from missions.staging import Staged, copy, current
from parallagon.core.errors import DependencyUnavailable, ValidationError

CHARACTERS_A_TOKEN = 4
NOWHERE = "http://127.0.0.1:1"


@dataclass(frozen=True, kw_only=True)
class Part:
    """How much of a question is Aider's rules, files to read or to change, or our own message."""

    name: str
    characters: int

    @property
    def tokens(self) -> int:
        """About how many tokens that is: a guess, models count differently."""
        return -(-self.characters // CHARACTERS_A_TOKEN)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The question as a model would get it; ``message`` is what Parallagon itself wrote of it."""

    model: str
    edit_format: str
    message: str
    messages: Sequence[Message]
    parts: Sequence[Part]

    @property
    def tokens(self) -> int:
        return sum(part.tokens for part in self.parts)


def preview(
    agent: Agent, *, prompt: str | None = None, environment: Mapping[str, str] | None = None
) -> Preview:
    """Return what a run that began now would ask; ``prompt`` instead of the agent's own.

    Nothing is written, locked or sent, and no model is asked.

    Raises:
        ValidationError: the agent's model cannot be reached from here.
        DependencyUnavailable: Aider cannot be loaded, or others are asking.
    """
    role = registry.of(agent)
    patterns = role.list_files()
    staged = current(
        agent.mission, writes=patterns.writes, reads=(*patterns.watches, *patterns.reads)
    )
    texts = {path: file.text for path, file in staged.files.items()}
    context = run_context(
        agent,
        role,
        texts=texts,
        instructions=[one.text for one in agent.instructions.unread()],
        until=agent.mission.seq,
    )
    if prompt is not None:
        context = replace(context, prompt=prompt)
    message = role.message(context)
    model = _model(agent, settings.ENVIRONMENT if environment is None else environment)
    name = agent.model or agent.mission.model
    chosen = edit_format(name, role, texts)
    messages = _ask(role, staged, message=message, model=model, chosen=chosen)
    return Preview(
        model=name,
        edit_format=chosen,
        message=message,
        messages=messages,
        parts=_parts(messages, message, context),
    )


def _model(agent: Agent, environment: Mapping[str, str]) -> str:
    name = agent.model or agent.mission.model
    try:
        upstream = resolve(name, environment)
    except GatewayError as error:
        raise ValidationError(str(error), model=name) from error
    return f"{family_of(upstream).name}/{upstream.model}"


def _ask(
    role: AiderAgent, staged: Staged, *, message: str, model: str, chosen: EditFormat
) -> Sequence[Message]:
    files = role.run_files(staged.files)
    with tempfile.TemporaryDirectory(prefix="parallagon-preview-") as folder:
        private = Path(folder)
        copy(staged.files.values(), private / "files")
        (private / "home").mkdir(mode=0o700)
        request = EngineRequest(
            run_id="preview",
            model=model,
            api_base=NOWHERE,
            api_token="preview",  # noqa: S106 - no secret
            edit_format=chosen,
            prompt=message,
            staging=private / "files",
            editable=files.editable,
            readonly=files.readonly,
            creatable=files.creatable,
            home=private / "home",
        )
        try:
            return question.ask(request)
        except EngineUnavailable as error:
            raise DependencyUnavailable(_("There is no preview now: %s") % error) from error


def _parts(messages: Sequence[Message], message: str, context: RunContext) -> Sequence[Part]:
    """Count the question by part; together they are every character of it."""
    lengths = dict.fromkeys(("rules", "examples", "readonly", "editable", "other", "message"), 0)
    for one in messages:
        lengths[one.part] += len(one.content)
    lengths["rules"] += lengths.pop("message") - len(message)  # Aider repeats rules after it
    lengths["prompt"] = len(context.prompt.strip())
    lengths["instructions"] = len(message) - message.rfind("\n## Instructions\n")
    if not context.instructions:
        lengths["instructions"] = 0
    lengths["facts"] = len(message) - lengths["prompt"] - lengths["instructions"]
    return [Part(name=name, characters=length) for name, length in lengths.items() if length]
