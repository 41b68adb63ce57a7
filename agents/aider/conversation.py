"""One run as its client sees it: the request out, frames in, the clock and the stop button."""

import select
import signal
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from agents.aider.process import EngineProcess
from agents.aider.protocol import (
    MAX_FRAME,
    REMARKS,
    EngineRequest,
    OutputStream,
    RefusedEdit,
    Remark,
    Status,
    decode,
    request_to_json,
)

POLL_SECONDS = 0.05
BEGIN_SECONDS = 30.0
KILL_SECONDS = 5.0
MAX_REFUSED = 200
MAX_SHOWN_PATH = 300
SPARE_OUTPUT = 1024 * 1024

OnOutput = Callable[[OutputStream, str], None]
ShouldStop = Callable[[], str | None]


@dataclass
class Ending:
    """How a run ended, as far as its frames and its clock tell.

    `may_try_again` says that the engine ended before the run had begun: nothing has happened.
    """

    status: Status
    reason: str
    remark: Remark = ""
    refused: list[RefusedEdit] = field(default_factory=list)
    may_try_again: bool = False


class Conversation:
    """Carries one run over its channel, from the request to the end of file.

    Whatever happens, `carry()` returns only when no process of the run is left, or the engine
    itself was killed for not answering.
    """

    def __init__(self, process: EngineProcess, number: int, request: EngineRequest) -> None:
        self._process = process
        self._number = number
        self._request = request
        self._buffer = b""
        self._received = 0
        self._ask_at = 0.0
        self._has_begun = False
        self._result: dict[str, Any] | None = None
        self._exit_code: int | None = None
        self._verdict: Ending | None = None
        self._refused: list[RefusedEdit] = []

    def carry(self, on_output: OnOutput, should_stop: ShouldStop) -> Ending:
        """Send the request, pass output on, obey the clock and `should_stop`; say how it ended."""
        try:
            channel = self._process.open_run(self._number)
        except (TimeoutError, ConnectionError):
            return self._engine_gone()
        except OSError as error:
            return Ending("crashed", f"the engine could not be asked ({error.strerror})")
        with channel:
            try:
                self._send_request(channel)
                self._listen(channel, on_output, should_stop)
            except BaseException:
                self._finish(channel)
                raise
        ending = self._ending()
        ending.refused = self._refused
        return ending

    def _send_request(self, channel: socket.socket) -> None:
        channel.settimeout(BEGIN_SECONDS)
        try:
            channel.sendall(request_to_json(self._request))
            channel.shutdown(socket.SHUT_WR)
        except TimeoutError:
            self._process.kill()
        except OSError:
            return  # the child is gone already; reading says how

    def _listen(self, channel: socket.socket, on_output: OnOutput, should_stop: ShouldStop) -> None:
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        started = time.monotonic()
        while True:
            if poll.poll(POLL_SECONDS * 1000):
                data = _receive(channel)
                if not data:
                    return
                self._take(data, on_output)
            verdict = self._judge(time.monotonic() - started, should_stop)
            if verdict is not None:
                self._verdict = verdict
                self._finish(channel)
                return

    def _judge(self, seconds: float, should_stop: ShouldStop) -> Ending | None:
        """Say why the run must end now, None while it may go on."""
        if seconds >= self._ask_at:
            self._ask_at = seconds + POLL_SECONDS
            reason = should_stop()
            if reason is not None:
                return Ending("cancelled", reason)
        limits = self._request.limits
        if seconds > limits.wall_seconds:
            return Ending("timed_out", f"the run took more than {limits.wall_seconds:g} s")
        if self._received > limits.output_bytes * 2 + SPARE_OUTPUT:
            return Ending("failed", "the run wrote more output than it may")
        if not self._has_begun and seconds > BEGIN_SECONDS:
            self._process.kill()
            return Ending("crashed", f"the engine did not begin the run in {BEGIN_SECONDS:g} s")
        return None

    def _take(self, data: bytes, on_output: OnOutput) -> None:
        self._received += len(data)
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > MAX_FRAME:
            self._buffer = b""
        for line in lines:
            self._handle(decode(line), on_output)

    def _handle(self, frame: dict[str, Any], on_output: OnOutput) -> None:
        match frame:
            case {"t": "log" | "reply" as stream, "text": str(text)}:
                on_output(stream, text)
            case {"t": "refused", "path": str(path), "reason": str(reason)}:
                if len(self._refused) < MAX_REFUSED:
                    self._refused.append(RefusedEdit(path[:MAX_SHOWN_PATH], reason))
            case {"t": "begun"}:
                self._has_begun = True
            case {"t": "result", "status": str(), "reason": str()}:
                self._result = frame
            case {"t": "ended", "code": int(code)}:
                self._exit_code = code

    def _finish(self, channel: socket.socket) -> None:
        """Kill the run's group and wait for its end of file; kill an engine that does not obey."""
        self._process.kill_run(self._number)
        if not _drain(channel, KILL_SECONDS):
            self._process.kill()
            _drain(channel, KILL_SECONDS)

    def _ending(self) -> Ending:
        if self._verdict is not None:
            return self._verdict
        if self._exit_code is None:
            return self._engine_gone()
        if self._result is None or self._exit_code < 0:
            return self._killed(-self._exit_code)
        return _reported(self._result)

    def _engine_gone(self) -> Ending:
        self._process.kill()  # it may be dying still, or hang; either way it serves no more
        if self._has_begun:
            return Ending("crashed", "the engine process ended during the run")
        return Ending("crashed", "the engine process ended", may_try_again=True)

    def _killed(self, signal_number: int) -> Ending:
        limits = self._request.limits
        if signal_number == signal.SIGXCPU:
            return Ending(
                "timed_out", f"the run used more than {limits.cpu_seconds} s of processor time"
            )
        if signal_number == signal.SIGALRM:
            return Ending("timed_out", f"the run took more than {limits.wall_seconds:g} s")
        how = signal.Signals(signal_number).name if signal_number > 0 else "no signal"
        return Ending("crashed", f"Aider ended without a result ({how})")


def _reported(result: dict[str, Any]) -> Ending:
    known: dict[str, Status] = {
        "completed": "completed",
        "failed": "failed",
        "crashed": "crashed",
        "unavailable": "unavailable",
    }
    status = known.get(result["status"], "crashed")
    remark: Remark = next((known for known in REMARKS if known == result.get("remark")), "")
    return Ending(status, result["reason"], remark)


def _receive(channel: socket.socket) -> bytes:
    """Return what is there, nothing at the end. An engine that was killed resets the channel."""
    try:
        return channel.recv(65536)
    except OSError:
        return b""


def _drain(channel: socket.socket, seconds: float) -> bool:
    """Read up to the end of file and drop it; say whether it came in time."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        channel.settimeout(left)
        try:
            if not channel.recv(65536):
                return True
        except TimeoutError:
            return False
        except OSError:
            return True
    return False
