"""Hold one gateway process and talk to it: orders, answers, and what it says by itself."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from agents.gateway.protocol import Bounds, GatewayUnavailable, RegistrationRefused

ROOT = Path(__file__).resolve().parents[2]
ANSWER_SECONDS = 15.0
STOPPING_SECONDS = 5.0
# What the process gets of the worker's environment: keys and where providers are, and how to reach
# them. Not the database, not the secret key.
_PASSED_NAMES = frozenset(
    {
        *("PATH", "LANG", "LC_ALL", "TZ", "TMPDIR", "LOG_LEVEL", "PARALLAGON_OFFLINE_PACE"),
        *("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"),
        *("http_proxy", "https_proxy", "no_proxy"),
    }
)
_PASSED_ENDINGS = ("_API_KEY", "_API_KEY_FILE", "_API_BASE")


def gateway_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the part of the worker's environment that the gateway process gets."""
    passed = {
        name: value
        for name, value in environment.items()
        if name in _PASSED_NAMES or name.endswith(_PASSED_ENDINGS)
    }
    return passed | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"}


class Channel:
    """One gateway process, from its start to its end.

    `on_void(run_id, sentence)` and `on_lost(channel)` are called from the channel's own thread.
    """

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        bounds: Bounds,
        port: int,
        on_void: Callable[[str, str], None],
        on_lost: Callable[[Channel], None],
    ) -> None:
        self.port: int | None = None
        self.started_at = time.monotonic()
        self._on_void = on_void
        self._on_lost = on_lost
        self._sending = threading.Lock()
        self._waiting: dict[int, Future[Any]] = {}
        self._last_id = 0
        self._is_lost = False
        self._listening: Future[int] = Future()
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = _start_process(theirs.fileno(), environment, bounds, port)
        self._thread = threading.Thread(target=self._listen, name="gateway", daemon=True)
        self._thread.start()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return not self._is_lost and self._process.poll() is None

    def wait_until_listening(self, timeout: float) -> int:
        """Return the port, once children may call. Raises GatewayUnavailable."""
        try:
            self.port = self._listening.result(timeout)
        except FutureTimeoutError:
            self.close()
            raise GatewayUnavailable(f"The gateway did not start in {timeout:g} seconds.") from None
        return self.port

    def order(self, what: str, **values: object) -> Any:
        """Let the gateway do something and return the result.

        Raises RegistrationRefused for what it will not do, GatewayUnavailable when it is gone or
        does not answer, in which case it is ended: a process that hangs serves nobody.
        """
        answer: Future[Any] = Future()
        with self._sending:
            if self._is_lost:
                raise GatewayUnavailable("The gateway is gone.")
            self._last_id += 1
            number = self._last_id
            self._waiting[number] = answer
            line = json.dumps({"id": number, "do": what, **values}).encode() + b"\n"
            try:
                self._socket.sendall(line)
            except OSError as error:
                raise GatewayUnavailable("The gateway is gone.") from error
        try:
            return answer.result(ANSWER_SECONDS)
        except FutureTimeoutError:
            self._process.kill()
            raise GatewayUnavailable("The gateway did not answer.") from None

    def close(self) -> None:
        """End the process: it goes when its control socket ends."""
        with suppress(OSError):  # it is gone already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._reap()
        if threading.current_thread() is not self._thread:
            self._thread.join(STOPPING_SECONDS)

    def _listen(self) -> None:
        with self._socket.makefile("rb") as lines:
            try:
                for line in lines:
                    self._take(json.loads(line))
            except (OSError, ValueError):
                pass  # half a line, or the socket broke: it died in the middle of a word
        with self._sending:
            self._is_lost = True
            waiting, self._waiting = self._waiting, {}
            self._socket.close()
        for answer in waiting.values():
            answer.set_exception(GatewayUnavailable("The gateway is gone."))
        if not self._listening.done():
            self._listening.set_exception(GatewayUnavailable("The gateway ended as it started."))
        self._reap()
        self._on_lost(self)

    def _take(self, values: dict[str, Any]) -> None:
        match values:
            case {"answer": int(number), **rest}:
                self._answer(self._waiting.pop(number, None), rest)
            case {"event": "void", "run_id": str(run_id), "sentence": str(sentence)}:
                self._on_void(run_id, sentence)
            case {"event": "listening", "port": int(port)}:
                self._listening.set_result(port)
            case {"event": "failed", "sentence": str(sentence)}:
                self._listening.set_exception(GatewayUnavailable(sentence))

    def _answer(self, answer: Future[Any] | None, values: dict[str, Any]) -> None:
        if answer is None:
            return
        if "error" in values:
            answer.set_exception(RegistrationRefused(values["error"]))
        else:
            answer.set_result(values["result"])

    def _reap(self) -> None:
        try:
            self._process.wait(STOPPING_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _start_process(
    control: int, environment: Mapping[str, str], bounds: Bounds, port: int
) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-P", "-m", "agents.gateway.server"]
    command += ["--control", str(control), "--port", str(port)]
    command += ["--bounds", json.dumps(asdict(bounds))]
    try:
        return subprocess.Popen(
            command,
            env=gateway_environment(environment),
            pass_fds=[control],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    except OSError as error:
        raise GatewayUnavailable(f"The gateway cannot be started: {error}.") from error
