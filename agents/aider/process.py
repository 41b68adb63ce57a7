"""One engine process as its client sees it: started, spoken to, ended."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from agents.aider.protocol import (
    HOME_PREFIX,
    MAX_PACKET,
    EngineUnavailable,
    Family,
    decode,
    encode,
)

# What the engine and its children get of their parent's environment, beside what is fixed here.
PASSED_ON = ("LD_LIBRARY_PATH",)
FIXED = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "NO_COLOR": "1",
    "TERM": "xterm",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    "TOKENIZERS_PARALLELISM": "false",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
ROOT = Path(__file__).resolve().parents[2]
BOOT = (
    "import sys; root = sys.argv[1]; sys.path.append(root);"
    " from agents.aider.server import main; sys.exit(main(int(sys.argv[2]), tuple(sys.argv[3:])))"
)
STDERR_TAIL = 2000
REPLY_SECONDS = 5.0
END_SECONDS = 5.0

_ours: weakref.WeakSet["EngineProcess"] = weakref.WeakSet()


class EngineProcess:
    """A warm engine. Its control socket is the only way in, and closing it the only way out.

    `start_timeout` is in seconds. Raises EngineUnavailable with a sentence when it does not get
    ready.
    """

    def __init__(
        self, environment: Mapping[str, str], start_timeout: float, families: Sequence[Family]
    ) -> None:
        self._home = Path(tempfile.mkdtemp(prefix=HOME_PREFIX))
        self._errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `close`
        self._lock = threading.Lock()
        self._is_killed = False
        self._popen: subprocess.Popen[bytes] | None = None
        self._control, far_end = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.runs = 0  # kept by the owner: how often it was used, and by how many now
        self.in_flight = 0
        _ours.add(self)  # at once: a fork while it warms up must not hold its control socket
        try:
            with far_end:
                self._popen = self._spawn(environment, far_end.fileno(), families)
            self.aider_version = self._wait_until_ready(start_timeout)
        except BaseException:
            self.kill()
            self.close()
            raise

    @property
    def pid(self) -> int | None:
        """The number of the process."""
        return self._popen.pid if self._popen else None

    def is_alive(self) -> bool:
        """Say whether the process is there and to be used."""
        return not self._is_killed and self._popen is not None and self._popen.poll() is None

    def open_run(self, number: int) -> socket.socket:
        """Start a run and return our end of its channel. Raises OSError when the engine is gone."""
        return self._ask({"t": "run", "run": number})

    def kill_run(self, number: int) -> None:
        """Have the process group of a run killed; its channel's end of file says when it is."""
        try:
            with self._lock:
                self._control.sendall(encode({"t": "kill", "run": number}))
        except OSError:
            return  # the engine is gone, and its children with it

    def counters(self) -> dict[str, Any]:
        """Return the engine's own counters, `forks` and `running`; empty when it is silent."""
        try:
            with self._ask({"t": "health"}) as channel:
                channel.settimeout(REPLY_SECONDS)
                return decode(channel.recv(MAX_PACKET))
        except OSError:
            return {}

    def kill(self) -> None:
        """End the process at once; the kernel ends its children with it."""
        self._is_killed = True
        if self._popen is not None:
            self._popen.kill()

    def close(self) -> None:
        """End the process, its children, and what it left on disk. A second call does nothing."""
        _ours.discard(self)
        self._control.close()
        if self._popen is not None:
            try:
                self._popen.wait(END_SECONDS)
            except subprocess.TimeoutExpired:
                self._popen.kill()
                self._popen.wait()
        self._errors.close()
        shutil.rmtree(self._home, ignore_errors=True)

    def forget(self) -> None:
        """Let go of the process in a fork of its owner: it is not ours to speak to or to end."""
        self._control.close()
        self._errors.close()
        if self._popen is not None:
            self._popen.returncode = 0

    def last_words(self) -> str:
        """Return the end of what the process wrote to its standard error, on one line."""
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - STDERR_TAIL))
        lines = self._errors.read().decode(errors="replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def _spawn(
        self, environment: Mapping[str, str], descriptor: int, families: Sequence[Family]
    ) -> subprocess.Popen[bytes]:
        kept = {name: environment[name] for name in PASSED_ON if name in environment}
        try:
            return subprocess.Popen(
                [
                    sys.executable,
                    "-I",
                    "-X",
                    "utf8",
                    "-c",
                    BOOT,
                    str(ROOT),
                    str(descriptor),
                    *families,
                ],
                env={**kept, **FIXED, "HOME": str(self._home), "TMPDIR": str(self._home)},
                cwd=self._home,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                pass_fds=(descriptor,),
                start_new_session=True,
            )
        except OSError as error:
            raise EngineUnavailable(
                f"The Aider engine could not be started with {sys.executable}: {error.strerror}."
            ) from error

    def _wait_until_ready(self, timeout: float) -> str:
        self._control.settimeout(timeout)
        started = time.monotonic()
        try:
            message = decode(self._control.recv(MAX_PACKET))
        except TimeoutError:
            raise EngineUnavailable(
                f"The Aider engine was not ready within {time.monotonic() - started:.0f} s:"
                " the machine may be overloaded; try again, or give it a longer start_timeout."
            ) from None
        self._control.settimeout(REPLY_SECONDS)
        if message.get("t") == "ready":
            return str(message["aider"])
        raise EngineUnavailable(
            message.get("reason")
            or f"The Aider engine ended while it started ({self.last_words() or 'no message'}):"
            " install the packages of requirements/base.txt."
        )

    def _ask(self, message: dict[str, Any]) -> socket.socket:
        ours, theirs = socket.socketpair()
        try:
            with theirs, self._lock:
                socket.send_fds(self._control, [encode(message)], [theirs.fileno()])
        except BaseException:
            ours.close()
            raise
        return ours


def _forget_all() -> None:
    for process in list(_ours):
        process.forget()
    _ours.clear()


os.register_at_fork(after_in_child=_forget_all)
