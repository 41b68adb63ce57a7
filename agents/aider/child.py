"""One run: a fork of the warm engine that reads its request, shuts itself in, runs Aider and ends.

It never returns to the engine's code: `os._exit` is its end, whatever happens.
"""

import contextlib
import os
import resource
import signal
import socket
import sys
import tempfile
import traceback
from pathlib import Path
from typing import NoReturn

from agents.aider import sandbox
from agents.aider.coder import build_coder
from agents.aider.gate import Gate
from agents.aider.names import fixed_folder, parent_of
from agents.aider.output import Voice, VoiceFile
from agents.aider.protocol import (
    MAX_REQUEST,
    REMARKS,
    EngineRequest,
    Remark,
    encode,
    request_from_json,
)

RUN_DESCRIPTOR = 3
WALL_GRACE_SECONDS = 5
MAX_REASON = 500


def run(channel: socket.socket) -> NoReturn:
    """Serve the request that comes over `channel`, then end the process."""
    code = 1
    try:
        request = request_from_json(_read_request(channel))
        _serve(request, channel)
        code = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            reason = f"{type(error).__name__}: {error}"[:MAX_REASON]
            channel.sendall(encode({"t": "log", "text": traceback.format_exc()}))
            channel.sendall(encode({"t": "result", "status": "crashed", "reason": reason}))
    finally:
        os._exit(code)


def keep_only(channel: socket.socket) -> socket.socket:
    """Close every descriptor but one, which moves to 3; standard streams lead nowhere.

    A child must hold neither the engine's control nor the channels of other runs.
    """
    os.dup2(channel.fileno(), RUN_DESCRIPTOR)
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    channel.detach()
    os.closerange(RUN_DESCRIPTOR + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
    return socket.socket(fileno=RUN_DESCRIPTOR)


def _read_request(channel: socket.socket) -> bytes:
    data = bytearray()
    while part := channel.recv(65536):
        data += part
        if len(data) > MAX_REQUEST:
            raise ValueError("the request is too large")
    return bytes(data)


def _serve(request: EngineRequest, channel: socket.socket) -> None:
    voice = Voice(
        channel,
        output_bytes=request.limits.output_bytes,
        hide={request.api_token: "(token)", f"{os.path.realpath(request.staging)}/": ""},
    )
    voice.send(t="begun")
    _limit(request)
    folder = _move_in(request.home)
    sys.stdout = sys.stderr = VoiceFile(voice, "log")
    gate = Gate(request, lambda path, reason: voice.send(t="refused", path=path, reason=reason))
    level = _shut_in(request, gate, folder)
    if level is None:
        voice.send(t="result", status="unavailable", reason=NO_SANDBOX)
        return
    status, reason, remark = _work(request, gate, voice)
    reason = voice.hidden(reason)[:MAX_REASON]
    voice.send(t="result", status=status, reason=reason, remark=remark)


NO_SANDBOX = (
    "this kernel offers no Landlock or seccomp: use a Linux kernel of 5.13 or later,"
    " or set PARALLAGON_SANDBOX=auto to run without the sandbox"
)


def _work(request: EngineRequest, gate: Gate, voice: Voice) -> tuple[str, str, Remark]:
    if not request.prompt.strip():
        return "failed", "the prompt is empty", ""
    failure, remark = build_coder(request, gate, voice).converse(request.prompt)
    gate.drop_empty()
    return ("failed", failure, "") if failure else ("completed", REMARKS.get(remark, ""), remark)


def _limit(request: EngineRequest) -> None:
    """Set what the kernel counts; the alarm ends the process even inside C code."""
    limits = request.limits
    for kind, amount, beyond in (
        (resource.RLIMIT_CPU, limits.cpu_seconds, 1),  # SIGXCPU names the reason, SIGKILL would not
        (resource.RLIMIT_AS, limits.memory_bytes, 0),
        (resource.RLIMIT_FSIZE, limits.file_bytes, 0),
        (resource.RLIMIT_NOFILE, limits.open_files, 0),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        most = resource.getrlimit(kind)[1]
        hard = amount + beyond if most == resource.RLIM_INFINITY else min(amount + beyond, most)
        resource.setrlimit(kind, (min(amount, hard), hard))
    signal.setitimer(signal.ITIMER_REAL, limits.wall_seconds + WALL_GRACE_SECONDS)


def _move_in(home: Path) -> Path:
    """Take `home` for HOME and temporary files, and an empty folder in it to stand in."""
    home = Path(os.path.realpath(home))
    for name in ("tmp", "empty"):
        (home / name).mkdir(mode=0o700, exist_ok=True)
    os.chdir(home / "empty")
    os.environ.update(HOME=str(home), TMPDIR=str(home / "tmp"))
    tempfile.tempdir = None  # the engine's choice is cached there
    return home


def _shut_in(request: EngineRequest, gate: Gate, home: Path) -> str | None:
    """Enter the sandbox that the request asks for; return its level, None when it cannot be had."""
    level = sandbox.available_level()
    if request.sandbox == "none" or (request.sandbox == "auto" and level == "none"):
        return "none"
    if level == "none":
        return None
    sandbox.enter(_walls(request, gate, home))
    return level


def _walls(request: EngineRequest, gate: Gate, home: Path) -> sandbox.Walls:
    folders = {fixed_folder(pattern) for pattern in request.creatable}
    for folder in folders - {""}:
        with parent_of(gate.root, f"{folder}/-", create=True):
            pass
    # A rule for a link is one for what it points to, so the gate's word is not enough here.
    own = [path for path in map(gate.root.joinpath, gate.editable) if path.resolve() == path]
    return sandbox.Walls(
        readable=(*sandbox.python_paths(), gate.root, Path(os.devnull)),
        changeable=(*own, Path(os.devnull)),
        fillable=(home, *(gate.root / folder for folder in folders)),
        port=sandbox.port_of(request.api_base),
    )


def begin(engine_pid: int) -> None:
    """Become a session and process group of its own that dies with the engine."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    sandbox.die_with(engine_pid)
