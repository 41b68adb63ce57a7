"""A mission's team as a test drives it: one whole cycle at a time, through the real parts."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.utils import timezone

from agents.aider.engine import Engine
from agents.cycle import run_cycle
from agents.gateway.client import Gateway
from agents.models import Agent, AgentRun
from agents.runlog import read_log
from agents.selectors import run_directory
from agents.services import Dispatch, RunAgent, StartAgent
from agents.workshop import Workshop
from missions.landing import Author, Change, Landing, land
from missions.models import Event, Mission, MissionFile, Revision
from missions.selectors import current_file, current_revision, current_text
from missions.services import MoveFile, SaveFile
from missions.storage import FileManager
from parallagon.accounts.models import User

KEY = "sk-canary-0c7a51"


@dataclass
class Team:
    """The agents of one mission, its owner, and what they work with."""

    mission: Mission
    owner: User
    workshop: Workshop
    offset: timedelta = field(default_factory=timedelta)

    def clock(self) -> datetime:
        """Return the time of this test: now, plus what it skipped."""
        return timezone.now() + self.offset

    # -- agents and runs -----------------------------------------------------------------------

    def agent(self, role: str) -> Agent:
        return Agent.objects.select_related("mission").get(mission=self.mission, role=role)

    def start(self, *roles: str) -> None:
        """Start these agents; none is due before the test says so."""
        for role in roles:
            StartAgent(agent=self.agent(role), now=self.clock()).execute()
        later = self.clock() + timedelta(days=1)
        Agent.objects.filter(mission=self.mission, role__in=roles).update(next_run_at=later)

    def ask(self, role: str) -> UUID:
        """Queue a run because the person asked for it."""
        return RunAgent(agent=self.agent(role), now=self.clock()).execute().pk

    def queue(self, role: str) -> UUID:
        """Queue a run because the agent's turn has come."""
        agent = self.agent(role)
        if agent.state == Agent.State.STOPPED:
            self.start(role)
        Agent.objects.filter(pk=agent.pk).update(next_run_at=self.clock())
        Dispatch(now=self.clock()).execute()
        return AgentRun.objects.get(agent=agent, state=AgentRun.State.QUEUED).pk

    def carry_out(self, run_id: UUID, *, workshop: Workshop | None = None) -> AgentRun:
        """Carry out a queued run and return it as it is then."""
        run_cycle(run_id, workshop=workshop or self.workshop, clock=self.clock)
        return AgentRun.objects.select_related("agent").get(pk=run_id)

    def run(self, role: str) -> AgentRun:
        """Carry out one run because the agent's turn has come."""
        return self.carry_out(self.queue(role))

    @contextmanager
    def running(self, role: str) -> Iterator["Background"]:
        """Carry out a run in a thread of its own, while the test does something else."""
        run_id = self.queue(role)
        background = Background(run_id, lambda: self.carry_out(run_id))
        try:
            yield background
        finally:
            background.join()

    def next_look(self, role: str) -> datetime:
        """Return when an agent looks again, which it does."""
        at = self.agent(role).next_run_at
        assert at is not None, "it never looks again"
        return at

    # -- files ---------------------------------------------------------------------------------

    def text(self, path: str) -> str:
        """Return what readers get."""
        return current_text(current_file(mission=self.mission, path=path))

    def number(self, path: str) -> int:
        return current_revision(current_file(mission=self.mission, path=path)).number

    def revisions(self, path: str) -> list[Revision]:
        """Return every revision of a file, the oldest first."""
        of_file = Revision.objects.filter(file__mission=self.mission, file__path=path)
        return list(of_file.order_by("number"))

    def paths(self) -> set[str]:
        """Return the files that are there."""
        files = MissionFile.objects.filter(mission=self.mission).present()
        return set(files.values_list("path", flat=True))

    def on_disk(self) -> dict[str, bytes]:
        """Return everything in the mission's folder."""
        root = FileManager(self.mission).root
        files = (path for path in root.rglob("*") if path.is_symlink() or not path.is_dir())
        return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}

    def save(
        self, path: str, text: str, *, user: User | None = None, base: int | None = None
    ) -> Any:
        """Save as a person who began with ``base``, the current revision if none is given."""
        return SaveFile(
            mission=self.mission,
            user=user or self.owner,
            path=path,
            text=text,
            base=self.number(path) if base is None else base,
            now=self.clock(),
        ).execute()

    def move(self, path: str, to: str) -> None:
        """Give a file another path, as the owner."""
        MoveFile(
            mission=self.mission, user=self.owner, path=path, to=to, now=self.clock()
        ).execute()

    def put(self, path: str, text: str) -> Landing:
        """Give a file its first text, or another one, as Parallagon itself does."""
        number = self.number(path) if path in self.paths() else None
        change = Change(path=path, text=text, base=number)
        return land(self.mission, [change], author=Author.SYSTEM, now=self.clock())

    # -- what is told --------------------------------------------------------------------------

    def events(self, kind: str) -> list[dict[str, Any]]:
        """Return the data of all events of a kind, in order."""
        found = Event.objects.filter(mission=self.mission, type=kind).order_by("seq")
        return [event.data for event in found]

    def log(self, run: AgentRun | UUID, *streams: str) -> str:
        """Return what a run said."""
        run_id = run.pk if isinstance(run, AgentRun) else run
        lines = read_log(run_directory(run_id))
        return "".join(line["text"] for line in lines if line["stream"] in (streams or ("log",)))


class Background:
    """A run that is carried out in a thread."""

    def __init__(self, run_id: UUID, work: Callable[[], AgentRun]) -> None:
        self.run_id = run_id
        self._work = work
        self._run: AgentRun | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._carry)
        self._thread.start()

    def _carry(self) -> None:
        try:
            self._run = self._work()
        except BaseException as error:
            self._error = error
        finally:
            connection.close()

    def join(self) -> AgentRun:
        """Wait for the end and return the run."""
        self._thread.join(60)
        if self._error is not None:
            raise self._error
        assert self._run is not None, "the run did not end"
        return self._run


def workshop_at(address: str, engine: Engine, gateway: Gateway) -> Workshop:
    """Return the session's workshop, with a provider of this test's own."""
    environment = {"OPENAI_API_BASE": address, "OPENAI_API_KEY": KEY}
    return Workshop(engine=engine, gateway=gateway, environment=environment)


def ended_at(run: AgentRun) -> datetime:
    """Return when a run ended, which it has."""
    assert run.finished_at is not None, f"the run is {run.state}"
    return run.finished_at


def duration(run: AgentRun) -> timedelta:
    """Return how long a run that has ended took."""
    assert run.started_at is not None
    return ended_at(run) - run.started_at


def sent_again_at(run: AgentRun) -> datetime:
    """Return when a run that was put back is sent again."""
    assert run.not_before is not None, f"the run is {run.state}, {run.outcome}: {run.reason}"
    return run.not_before


def everything_below(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Yield every regular file with its bytes."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink():
            yield path, path.read_bytes()


def private_folder(run_id: UUID) -> Path:
    """Return where a run works."""
    return Path(settings.DATA_DIR) / "staging" / str(run_id)
