"""A mission as a Git bundle, made by the program ``git`` in a private folder that is then gone.

The only module that runs Git. It never runs in a mission's folder, and reads nobody's
configuration: no hook, no monitor, no attribute of anyone takes effect.
"""

import logging
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from django.utils.translation import gettext as _

from missions.models import Mission, Revision
from missions.transfer import commits
from parallagon.core.errors import Conflict, ServiceError

logger = logging.getLogger(__name__)
MOST_SECONDS = 300
_OPTIONS = (
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.fsmonitor="),
    *("-c", "init.defaultBranch=main"),
    *("-c", "gc.auto=0"),
    *("-c", "pack.threads=1"),  # the same pack for the same history
)


class GitMissing(ServiceError):  # noqa: N818 - says what is wrong
    """The program is not installed on this machine."""

    code = "git_missing"
    status = 501


class NoHistory(Conflict):
    """There is nothing to make commits of."""

    code = "no_history"


def bundle_of(mission: Mission) -> BinaryIO:
    """Return an open file with the bundle, which exists nowhere else and is gone once closed.

    Raises:
        GitMissing: the program is not installed.
        NoHistory: the mission has no revision yet.
        ServiceError: Git refused, or took too long.
        FileOperationError: a content is missing or damaged.
    """
    program = shutil.which("git")
    if program is None:
        raise GitMissing(_("This needs the program git, which is not installed on the server."))
    if not Revision.objects.filter(file__mission=mission).exists():
        raise NoHistory(_("This mission has no history yet."))
    with tempfile.TemporaryDirectory(prefix="parallagon-git-") as name:
        git = _Git(program, Path(name))
        git.run("init", "--quiet", "--bare", "--template=", "repository")
        git.feed(commits.stream(mission), "fast-import", "--quiet", "--done")
        git.run("bundle", "create", "--quiet", "../mission.bundle", "HEAD", "main")
        return (Path(name) / "mission.bundle").open("rb")


class _Git:
    """The program in one private folder, with all its time."""

    def __init__(self, program: str, folder: Path) -> None:
        self.program = program
        self.folder = folder

    def run(self, *arguments: str) -> None:
        with self._process(*arguments):
            pass

    def feed(self, pieces: Iterable[bytes], *arguments: str) -> None:
        """Run with ``pieces`` as its input, each taken when there is room for it."""
        with self._process(*arguments) as process:
            assert process.stdin is not None  # noqa: S101 - it was opened as a pipe
            with suppress(BrokenPipeError):  # its exit code tells
                for piece in pieces:
                    process.stdin.write(piece)

    @contextmanager
    def _process(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        repository = self.folder / "repository"
        with tempfile.TemporaryFile() as said:
            process = subprocess.Popen(
                [self.program, *_OPTIONS, *arguments],
                cwd=repository if repository.exists() else self.folder,
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,
            )
            watch = threading.Timer(MOST_SECONDS, _end, [process])
            watch.start()
            try:
                yield process
                _close(process)
                process.wait()
            finally:
                watch.cancel()
                _end(process)  # nothing to end, unless the block was left early
                _close(process)
                process.wait()
            if process.returncode:
                said.seek(0)
                logger.error(
                    "git %s failed: %s", arguments[0], said.read(2000).decode(errors="replace")
                )
                raise ServiceError(_("The history could not be written as a Git bundle."))

    def _environment(self) -> dict[str, str]:
        return {
            "PATH": os.pathsep.join([str(Path(self.program).parent), os.defpath]),
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_ATTR_NOSYSTEM": "1",
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_CEILING_DIRECTORIES": str(self.folder.parent),
        }


def _close(process: subprocess.Popen[bytes]) -> None:
    """Say that there is no more input; whoever has left already is told by its exit code."""
    if process.stdin:
        with suppress(BrokenPipeError):
            process.stdin.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
