"""``manage.py replay_run ID``: a run once more, to see whether it yields the same bytes."""

import logging
from enum import IntEnum
from pathlib import Path
from typing import Any, ClassVar
from uuid import UUID

from django.core.management.base import CommandParser
from django.utils import timezone

from agents.models import AgentRun
from agents.replay import CannotReplay, Repetition, repeat
from agents.retention import is_kept
from agents.selectors import run_directory
from parallagon.management.base import FriendlyCommand


class Exit(IntEnum):
    """What the exit code of the command says."""

    SAME = 0
    DIFFERS = 1
    CANNOT = 2


class Command(FriendlyCommand):
    help = (
        "Repeat a recorded run from its stored inputs and replies, without a key, a network or a "
        "trace in the mission. Exit codes: 0 the same bytes, 1 others, 2 cannot be repeated."
    )

    quiet: ClassVar = dict.fromkeys(("parallagon.core", "agents", "missions"), logging.ERROR)

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe what can be chosen."""
        parser.add_argument("run", metavar="ID", help="the run's id, as its panel shows it")
        parser.add_argument(
            "--keep", type=Path, metavar="FOLDER", help="where the files go that it writes now"
        )

    def handle(self, *args: Any, run: str, **options: Any) -> None:
        """Repeat the run, say what is the same, and end with the code of the comparison."""
        try:
            repetition = repeat(_directory_of(run), keep=options["keep"])
        except CannotReplay as error:
            self.stderr.write(error.message)
            raise SystemExit(int(Exit.CANNOT)) from error
        self._tell(repetition)
        if not repetition.is_same:
            raise SystemExit(int(Exit.DIFFERS))

    def _tell(self, repetition: Repetition) -> None:
        for difference in repetition.questions:
            self.stderr.write(
                f"call {difference.call} asks something else than it did: "
                "Parallagon or Aider has changed since"
            )
            self.stderr.write("\n".join(f"  {line}" for line in difference.lines))
        for path, is_same in repetition.files.items():
            self.stdout.write(f"{'same' if is_same else 'differs'}  {path}")
        if not repetition.files:
            self.stdout.write("it wrote no file")
        then, now = repetition.then, repetition.now
        if then.verdict or now.verdict:
            self.stdout.write(
                f"judged then: {then.verdict or 'may land'}; "
                f"now: {now.verdict or 'may land'}{_because(repetition)}"
            )


def _because(repetition: Repetition) -> str:
    return f" ({repetition.reason})" if repetition.reason else ""


def _directory_of(given: str) -> Path:
    """Return the folder of a run that has ended and is still kept.

    Raises:
        CannotReplay: there is none; the message says why.
    """
    try:
        run = AgentRun.objects.filter(pk=UUID(given)).first()
    except ValueError:
        run = None
    if run is None:
        raise CannotReplay(f"There is no run {given[:40]}.")
    if run.state != AgentRun.State.FINISHED:
        raise CannotReplay("The run has not ended yet.")
    if not is_kept(run, timezone.now()):
        raise CannotReplay("The run ended too long ago: what was kept of it is gone.")
    return run_directory(run.pk)
