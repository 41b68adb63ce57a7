"""Take one layer of containment away inside a child, to see what the others are worth.

Only an engine that a test starts with `workbench_engine()` loads this: it replaces the code that
the engine's process starts with. Nothing of it can be reached from a request to a real engine.
"""

import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from agents.aider import process
from agents.aider.engine import Engine
from agents.aider.gate import Gate
from agents.aider.output import Voice
from agents.aider.protocol import EngineRequest, Remark

LAYERS: dict[str, str] = {
    "preproc": "a message is never read as a command (`preproc=False`)",
    "questions": "every question of Aider's is answered no",
    "shell": "no shell command is suggested, kept or run",
    "lint": "nothing is linted",
    "git": "git is off",
    "urls": "URLs in a text are not looked for",
    "mentions": "a file that a text names is not added",
    "filter": "an edit's path is judged before Aider touches it (`gate.py`)",
    "console": "only the run's own files are read and written (`console.py`)",
    "sound": "links, pipes and what is no text never join the chat",
    "place": "the working folder is empty and no place to import from",
    "home": "`HOME` is a fresh folder",
    "environment": "the environment comes from an allow-list",
    "kernel": "Landlock and seccomp",
}
MARK = "without:"
WORK = "work:"


@contextmanager
def workbench_engine(
    environment: Mapping[str, str] | None = None, *, without: tuple[str, ...] = ()
) -> Iterator[Engine]:
    """Start an engine whose children take away the layers that a run's id names.

    With `environment` its process has those variables too, as if nothing scrubbed them. The
    layers of `without` are taken from every run.
    """
    load = "sys.path.insert(0, root + '/tests/aider'); import workbench; "
    load += f"workbench.install({without!r}); "
    with pytest.MonkeyPatch.context() as patch:
        boot = process.BOOT.replace("from agents", f"import agents.aider.warmup; {load}from agents")
        patch.setattr(process, "BOOT", boot)
        if environment is not None:
            patch.setattr(process, "FIXED", {**process.FIXED, **environment})
        engine = Engine(runs_before_restart=1_000_000)  # a fresh one would be a whole one
        engine.start()
    try:
        yield engine
    finally:
        engine.close()


def run_id(without: tuple[str, ...]) -> str:
    """Return the id of a run that lacks these layers."""
    return MARK + "+".join(without)


def install(always: tuple[str, ...]) -> None:
    """Have every child of this engine take away what its request names, before it begins.

    A request whose id begins with `work:` has the child do that work, within its limits and walls,
    in the place of Aider's.
    """
    from aider import commands
    from aider.coders import base_coder  # noqa: F401 - so that no run is the first to load it

    from agents.aider import child

    # Aider would install a browser here, on the machine of whoever runs the tests.
    commands.install_playwright = lambda _io: False
    serve = child._serve

    def without_layers(request: EngineRequest, channel: Any) -> None:
        named = request.run_id.removeprefix(MARK).split("+")
        for name in (*always, *named):
            if name in REMOVALS:
                REMOVALS[name](request)
        serve(request, channel)

    child._serve = without_layers
    work = child._work

    def other_work(request: EngineRequest, gate: Gate, voice: Voice) -> tuple[str, str, Remark]:
        if not request.run_id.startswith(WORK):
            return work(request, gate, voice)
        WORKS[request.run_id.removeprefix(WORK)](request, voice)
        return "completed", "", ""

    child._work = other_work


def _put(owner: type, **attributes: Any) -> None:
    for name, value in attributes.items():
        setattr(owner, name, value)


def _construct_with(**changes: Any) -> None:
    from aider.coders.base_coder import Coder

    construct = Coder.__init__

    def changed(self: Any, *args: Any, **options: Any) -> None:
        construct(self, *args, **options | changes)

    _put(Coder, __init__=changed)


def _preproc(_request: EngineRequest) -> None:
    from agents.aider.coder import Contained

    run = Contained.run
    _put(Contained, run=lambda self, with_message, preproc: run(self, with_message, preproc=True))


def _questions(_request: EngineRequest) -> None:
    from aider.io import InputOutput

    from agents.aider.console import ClosedConsole

    _put(ClosedConsole, confirm_ask=lambda *_args, **_options: True)
    _put(ClosedConsole, offer_url=InputOutput.offer_url)


def _shell(_request: EngineRequest) -> None:
    from aider.coders.base_coder import Coder
    from aider.coders.editblock_coder import EditBlockCoder

    from agents.aider.coder import Contained, ContainedDiff

    _construct_with(suggest_shell_commands=True)
    _put(Contained, run_shell_commands=Coder.run_shell_commands)
    get_edits = EditBlockCoder.get_edits

    def remembering(self: Any, *_args: Any) -> Any:
        edits = get_edits(self)
        commands = list(self.shell_commands)
        kept = [one for edit in edits if (one := self._admit(edit)) is not None]
        self.shell_commands = commands
        return kept

    _put(ContainedDiff, get_edits=remembering)


def _lint(_request: EngineRequest) -> None:
    _construct_with(auto_lint=True)


def _git(_request: EngineRequest) -> None:
    _construct_with(use_git=True)


def _urls(_request: EngineRequest) -> None:
    from aider.coders.base_coder import Coder

    from agents.aider.coder import Contained

    _construct_with(detect_urls=True)
    _put(Contained, check_for_urls=Coder.check_for_urls)


def _mentions(_request: EngineRequest) -> None:
    from aider.coders.base_coder import Coder

    from agents.aider.coder import Contained

    _put(Contained, check_for_file_mentions=Coder.check_for_file_mentions)


def _filter(_request: EngineRequest) -> None:
    from aider.coders.base_coder import Coder

    from agents.aider.coder import Contained, ContainedWhole

    def keep(_self: Any, edit: Any) -> Any:
        return edit

    _put(Contained, _admit=keep)
    _put(ContainedWhole, _admit=keep)
    _put(Contained, allowed_to_edit=Coder.allowed_to_edit)


def _console(_request: EngineRequest) -> None:
    from aider.io import InputOutput

    from agents.aider.console import ClosedConsole

    _put(ClosedConsole, read_text=InputOutput.read_text)
    _put(ClosedConsole, write_text=InputOutput.write_text)


def _sound(_request: EngineRequest) -> None:
    from agents.aider.gate import Gate

    _put(Gate, _is_sound=lambda _self, _path: True)


def _place(request: EngineRequest) -> None:
    from agents.aider import child

    move_in = child._move_in

    def stand_in_the_mission(home: Path) -> Path:
        folder = move_in(home)
        os.chdir(request.staging)
        sys.path.insert(0, "")
        return folder

    child._move_in = stand_in_the_mission


def _home(request: EngineRequest) -> None:
    from agents.aider import child

    move_in = child._move_in

    def live_with_others(home: Path) -> Path:
        folder = move_in(home)
        os.environ["HOME"] = str(request.staging.parent.parent / "outside")
        return folder

    child._move_in = live_with_others


def _ports(_request: EngineRequest) -> None:
    from agents.aider import sandbox

    abi = sandbox.landlock_abi
    sandbox.landlock_abi = lambda: min(3, abi())  # the last one that knew no ports


def _kernel(_request: EngineRequest) -> None:
    from agents.aider import sandbox

    sandbox.available_level = lambda: "none"


REMOVALS: dict[str, Callable[[EngineRequest], None]] = {
    "preproc": _preproc,
    "questions": _questions,
    "shell": _shell,
    "lint": _lint,
    "git": _git,
    "urls": _urls,
    "mentions": _mentions,
    "filter": _filter,
    "console": _console,
    "sound": _sound,
    "place": _place,
    "home": _home,
    "ports": _ports,
    "kernel": _kernel,
}


def _match_for_ever(_request: EngineRequest, _voice: Voice) -> None:
    re.match(r"(a+)+$", "a" * 64 + "b")


def _take_memory(_request: EngineRequest, _voice: Voice) -> None:
    taken = [bytearray(64 * 1024**2) for _ in range(1000)]
    taken.clear()


def _read_zeros(_request: EngineRequest, _voice: Voice) -> None:
    Path("/dev/zero").read_bytes()


def _read_a_pipe(request: EngineRequest, _voice: Voice) -> None:
    (request.staging / "pipe.md").read_bytes()


def _write_a_big_file(request: EngineRequest, _voice: Voice) -> None:
    with (request.home / "big").open("wb", buffering=0) as file:
        for _ in range(100):
            file.write(bytes(1024**2))


def _open_many_files(_request: EngineRequest, _voice: Voice) -> None:
    for _ in range(10_000):
        os.open(os.devnull, os.O_RDONLY)


def _start_many_threads(_request: EngineRequest, _voice: Voice) -> None:
    never = threading.Event()
    for _ in range(100_000):
        threading.Thread(target=never.wait, daemon=True).start()


def _fork_and_stay(_request: EngineRequest, voice: Voice) -> None:
    pid = os.fork()
    if pid == 0:
        signal.pause()
    voice.send(t="log", text=str(pid))


def _fork_and_leave(_request: EngineRequest, voice: Voice) -> None:
    pid = os.fork()
    if pid == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
        signal.pause()
    while os.getpgid(pid) != pid:
        os.sched_yield()
    voice.send(t="log", text=str(pid))


def _speak_for_ever(_request: EngineRequest, voice: Voice) -> None:
    while True:
        voice.say("log", "word " * 2000 + "\n")


def _flood_the_channel(_request: EngineRequest, voice: Voice) -> None:
    while True:
        voice.send(t="log", text="x" * 8000)


WORKS: dict[str, Callable[[EngineRequest, Voice], None]] = {
    "match for ever": _match_for_ever,
    "take memory": _take_memory,
    "read zeros": _read_zeros,
    "read a pipe": _read_a_pipe,
    "write a big file": _write_a_big_file,
    "open many files": _open_many_files,
    "start many threads": _start_many_threads,
    "fork and stay": _fork_and_stay,
    "fork and leave": _fork_and_leave,
    "speak for ever": _speak_for_ever,
    "flood the channel": _flood_the_channel,
}
