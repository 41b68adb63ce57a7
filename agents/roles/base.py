"""`AiderAgent`: what a role is, what it tells Aider, and how it runs.

A role is a stateless class. Most roles are configuration alone: the files they write, watch and
read, their intervals, and one prompt a language in `prompts/`. What a role knows beyond the files
it is shown, it adds in `_facts()`.
"""

from abc import ABC
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import astuple, dataclass, field
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, Protocol, Self

from django.utils.functional import Promise
from django.utils.translation import get_language

from agents.aider.protocol import (
    EditFormat,
    EngineRequest,
    EngineResult,
    Limits,
    OutputStream,
    SandboxChoice,
)
from agents.roles.patterns import is_exact, matches_any

MAX_LINE = 800


@dataclass(frozen=True, kw_only=True)
class AgentFiles:
    """Patterns: what a role may write, what wakes it, what else it is shown."""

    writes: tuple[str, ...]
    watches: tuple[str, ...]
    reads: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class RunFiles:
    """The files of one run: existing paths in order, and patterns of files it may create."""

    editable: tuple[str, ...]
    readonly: tuple[str, ...]
    creatable: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class TeamMember:
    """Another agent of the mission, as management is told of it."""

    role: str
    state: str
    last_outcome: str | None
    reason: str = ""
    writes: tuple[str, ...] = ()
    watches: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class HistoryEntry:
    """Something that happened since the agent's last run.

    `author` is a role, "external" or a person's name; `path` is empty and `revision` 0 for a run
    that landed nothing. `summary` is its reason, the role whose proposal was decided, or the name
    that a file had before. Several entries may be told as one: `count` of them, `since` then.
    """

    at: datetime
    author: str
    path: str
    revision: int
    outcome: str | None
    summary: str
    added: int | None = None
    removed: int | None = None
    sections: tuple[str, ...] = ()
    count: int = 1
    since: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Flag:
    """Something in what a run wrote that deserves a second look; it keeps nothing from landing."""

    path: str
    line: int
    text: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class RunContext:
    """What a role may know when its message is written.

    `prompt` is the text of the role, shipped or overridden; `files` holds every file that the run
    may see, path to text; `paths` are all files of the mission; `history` is oldest first;
    before it, `forgotten` events are no longer known.
    """

    mission_title: str
    language: str
    prompt: str
    edit_format: str
    files: Mapping[str, str]
    paths: tuple[str, ...] = ()
    team: tuple[TeamMember, ...] = ()
    situation: tuple[str, ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    forgotten: int = 0
    instructions: tuple[str, ...] = ()


class RunsAider(Protocol):
    """What a role needs of the warm engine."""

    def run(
        self,
        request: EngineRequest,
        *,
        on_output: Callable[[OutputStream, str], None],
        should_stop: Callable[[], str | None],
    ) -> EngineResult: ...


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """Where and with what one run works: the staged copies, the engine and the model's door."""

    run_id: str
    staging: Path
    home: Path
    editable: tuple[str, ...]
    readonly: tuple[str, ...]
    creatable: tuple[str, ...]
    engine: RunsAider
    model: str
    api_base: str
    api_token: str = field(repr=False)
    edit_format: EditFormat
    limits: Limits
    sandbox: SandboxChoice
    on_output: Callable[[OutputStream, str], None]
    should_stop: Callable[[], str | None]


class AiderAgent(ABC):
    """A role. Subclass it, say which files it owns, write one prompt a language, register it."""

    role: ClassVar[str]
    label: ClassVar[str | Promise | Mapping[str, str]]
    """What people call it: one text, or one a language ("en", "fr")."""
    writes: ClassVar[tuple[str, ...]]
    watches: ClassVar[tuple[str, ...]] = ()
    reads: ClassVar[tuple[str, ...]] = ()
    is_told_of_team: ClassVar[bool] = False
    """Whether it is given the others' states, what waits for a person, and the budgets."""
    is_told_of_history: ClassVar[bool] = False
    """Whether it is given what happened since its last run."""
    is_told_of_paths: ClassVar[bool] = False
    may_shrink: ClassVar[bool] = False
    """Its file reports what is open: it loses most of its text when everything is done."""
    """Whether it is given the names of all files, also of those that it does not read."""
    is_available: ClassVar[bool] = True
    """Whether this installation has the role: its agents can work."""
    interval: ClassVar[int] = 20
    """Seconds between two looks while there is something to do."""
    max_interval: ClassVar[int] = 300
    """Seconds between two looks when nothing has changed for long."""
    prompts: ClassVar[Path] = Path(__file__).parent / "prompts"
    """A folder with `fr/<role>.md` and `en/<role>.md`."""

    def name(self) -> str:
        """Return what people call the role, in the language that is spoken now."""
        if not isinstance(self.label, Mapping):
            return str(self.label)
        language = (get_language() or "en").partition("-")[0]
        return self.label.get(language) or next(iter(self.label.values()))

    def list_files(self) -> AgentFiles:
        """Return the patterns of the files that this role writes, watches and reads."""
        return AgentFiles(writes=self.writes, watches=self.watches, reads=self.reads)

    def with_files(self, files: AgentFiles) -> Self:
        """Return the role as one agent plays it, with patterns of its own."""
        other = copy(self)
        vars(other)["list_files"] = lambda: files
        return other

    def names(self) -> dict[str, str]:
        """Return what files are called now that the role knows by another name: old → new.

        A pattern that replaces another at its place is taken for a new name of the same file.
        """
        known, own = type(self).list_files(self), self.list_files()
        pairs: list[tuple[str, str]] = []
        for before, after in zip(astuple(known), astuple(own), strict=True):
            pairs += zip(before, after, strict=True) if len(before) == len(after) else ()
        return {old: new for old, new in pairs if old != new and is_exact(old) and is_exact(new)}

    def known_name(self, path: str) -> str:
        """Return the name by which the role knows a file."""
        return next((old for old, new in self.names().items() if new == path), path)

    def known_files(self, context: RunContext) -> dict[str, str]:
        """Return the texts of a run's files by the names by which the role knows them."""
        return {self.known_name(path): text for path, text in context.files.items()}

    def run_files(self, paths: Iterable[str]) -> RunFiles:
        """Sort the paths of a mission into what a run may edit, read and create."""
        files = self.list_files()
        known = sorted(paths)
        editable = tuple(path for path in known if matches_any(files.writes, path))
        readonly = tuple(
            path
            for path in known
            if path not in editable and matches_any((*files.watches, *files.reads), path)
        )
        creatable = tuple(
            pattern for pattern in files.writes if not (is_exact(pattern) and pattern in editable)
        )
        return RunFiles(editable=editable, readonly=readonly, creatable=creatable)

    def is_watched(self, path: str) -> bool:
        """Return whether a change of `path` may wake this role; its own files never do."""
        files = self.list_files()
        return matches_any(files.watches, path) and not matches_any(files.writes, path)

    def watched_text(self, path: str, text: str) -> str:
        """Return the part of a watched file that counts: a change elsewhere in it wakes nobody."""
        return text

    def shipped_prompt(self, language: str) -> str:
        """Return the prompt that the role ships. Raises FileNotFoundError when it has none."""
        return _prompt_in(self.prompts / language / f"{self.role}.md")

    def work(self, context: RunContext, workspace: Workspace) -> EngineResult:
        """Write the message and let Aider work on it."""
        return self._run_aider(self.message(context), workspace)

    def message(self, context: RunContext) -> str:
        """Return the message that ``work`` would give to Aider."""
        return self._build_prompt(context)

    def review(self, context: RunContext, written: Mapping[str, str]) -> Sequence[Flag]:
        """Return what is doubtful in the texts that a run wrote (path to text).

        People see it with the run; the result lands all the same.
        """
        return ()

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Return what the role is told beyond the files, one line a fact."""
        return ()

    def _build_prompt(self, context: RunContext) -> str:
        """Return the whole message for Aider, which adds the contents of the files by itself.

        The first line is fixed, so that a message can never begin with a slash command.
        """
        files = self.run_files(context.files)
        facts = [
            f"mission: {context.mission_title}",
            *(f"renamed: `{old}` is called `{new}` now" for old, new in self.names().items()),
            *self._facts(context),
        ]
        lists = [
            *(f"write `{path}`" for path in files.editable),
            *(f"create `{pattern}`" for pattern in files.creatable),
            *(f"read `{path}`" for path in files.readonly),
        ]
        head = f"Parallagon role: {self.role} | language: {context.language}"
        parts = [
            f"{head} | format: {context.edit_format}",
            context.prompt.strip(),
            _section("Facts", facts),
            _section("Files", lists),
        ]
        if context.instructions:
            parts.append("\n\n".join(["## Instructions", *map(_quoted, context.instructions)]))
        return "\n\n".join(parts) + "\n"

    def _run_aider(self, prompt: str, workspace: Workspace) -> EngineResult:
        """Run Aider once in the warm engine and return how it ended."""
        request = EngineRequest(
            run_id=workspace.run_id,
            model=workspace.model,
            api_base=workspace.api_base,
            api_token=workspace.api_token,
            edit_format=workspace.edit_format,
            prompt=prompt,
            staging=workspace.staging,
            editable=workspace.editable,
            readonly=workspace.readonly,
            creatable=workspace.creatable,
            home=workspace.home,
            limits=workspace.limits,
            sandbox=workspace.sandbox,
        )
        return workspace.engine.run(
            request, on_output=workspace.on_output, should_stop=workspace.should_stop
        )


def _section(title: str, lines: Iterable[str]) -> str:
    return "\n".join([f"## {title}", "", *(f"- {_one_line(line)}" for line in lines)])


def _one_line(text: str) -> str:
    """Keep a fact on its line, so that a title or a name cannot pass for a heading of ours."""
    line = " ".join(text.split())
    return line if len(line) <= MAX_LINE else line[: MAX_LINE - 1] + "…"


def _quoted(text: str) -> str:
    """Quote a text line by line, so that nothing in it can pass for a heading or a list of ours."""
    lines = text.replace("\r", "\n").split("\n")
    return "\n".join(f"> {line.rstrip()}".rstrip() for line in lines)


def _prompt_in(path: Path) -> str:
    """Return the text of a prompt's file, from memory unless the file is another one by now."""
    state = path.stat()
    return _read_prompt(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=64)
def _read_prompt(path: Path, _changed_at: int, _size: int) -> str:
    return path.read_text(encoding="utf-8")
