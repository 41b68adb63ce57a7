"""A provider that does what a test tells it, over real loopback HTTP, and a child that calls.

A script is what the provider does on one call, in order: bytes to send, and actions.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx


class Reset:
    """Reset the connection."""


class Hang:
    """Say nothing more until the test ends or the other side leaves."""


@dataclass(frozen=True)
class Pause:
    """Wait."""

    seconds: float


POLL = 0.02  # seconds


class PassedOn:
    """Wait until the child has got something."""


@dataclass(frozen=True)
class Turn:
    """Wait until the test says so, once for each time it does."""

    turns: threading.Semaphore


Step = bytes | Reset | Hang | Pause | PassedOn | Turn
Script = Sequence[Step]


@dataclass(frozen=True)
class Received:
    """A request as the provider saw it."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


def head(status: int = 200, content_type: str = "text/event-stream", **headers: str) -> bytes:
    """Return the head of a chunked answer."""
    lines = [f"HTTP/1.1 {status} Scripted", f"Content-Type: {content_type}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return ("\r\n".join([*lines, "Transfer-Encoding: chunked"]) + "\r\n\r\n").encode()


def chunk(data: bytes) -> bytes:
    """Return the data as one chunk."""
    return b"%x\r\n%s\r\n" % (len(data), data)


END = b"0\r\n\r\n"
DONE = b"data: [DONE]\n\n"


def answer(status: int, body: bytes, content_type: str = "application/json", **more: str) -> bytes:
    """Return a whole answer."""
    return head(status, content_type, **more) + (chunk(body) if body else b"") + END


def error(status: int, message: str = "no", code: str | None = None, **headers: str) -> bytes:
    """Return an answer with an error as OpenAI writes it."""
    body = {"error": {"message": message, "type": "error", "code": code}}
    return answer(status, json.dumps(body).encode(), **headers)


def event(values: object) -> bytes:
    """Return a server-sent event."""
    return b"data: " + json.dumps(values).encode() + b"\n\n"


def delta(text: str) -> bytes:
    """Return the event for a piece of a reply."""
    return event({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]})


def finish(reason: str = "stop") -> bytes:
    """Return the event that ends a reply."""
    return event({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})


def usage(output: int, given: int = 7, cached: int = 3) -> bytes:
    """Return the event that tells usage."""
    return event({"choices": [], "usage": usage_values(output, given, cached)})


def usage_values(output: int, given: int = 7, cached: int = 3) -> dict[str, Any]:
    """Return usage as OpenAI writes it."""
    return {
        "prompt_tokens": given,
        "completion_tokens": output,
        "total_tokens": given + output,
        "prompt_tokens_details": {"cached_tokens": cached},
    }


def whole_stream(text: str = "Hello, world", output: int = 5) -> list[Step]:
    """Return a script that streams a complete reply."""
    return [head(), *(chunk(delta(word + " ")) for word in text.split()), chunk(finish()),
            chunk(usage(output)), chunk(DONE) + END]  # fmt: skip


def completion(text: str = "Hello, world", reason: str = "stop", output: int = 5) -> bytes:
    """Return the body of a complete reply in one piece."""
    choice = {"index": 0, "message": {"content": text}, "finish_reason": reason}
    return json.dumps({"choices": [choice], "usage": usage_values(output)}).encode()


class ScriptedProvider:
    """Serves one script a call; the last one again when none is left."""

    def __init__(self) -> None:
        self.received: list[Received] = []
        self.passed_on = threading.Event()  # set by the test, when its child got something
        self.left = threading.Event()  # the other side closed during a Hang
        self._scripts: deque[Script] = deque()
        self._script: Script = whole_stream()
        self._stopping = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    @property
    def base_url(self) -> str:
        """What an upstream takes for its address."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/v1"

    def play(self, *scripts: Script) -> None:
        """Set what the next calls get."""
        self._scripts = deque(scripts)

    def close(self) -> None:
        """Stop listening and wait for all connections."""
        self._stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join(5)

    def _start(self, target: Any, *arguments: object) -> None:
        thread = threading.Thread(target=target, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(POLL)
        with connection, contextlib.suppress(OSError):
            while request := self._read(connection):
                self.received.append(request)
                if self._scripts:
                    self._script = self._scripts.popleft()
                for step in self._script:
                    if not self._do(connection, step):
                        return

    def _do(self, connection: socket.socket, step: Step) -> bool:
        if isinstance(step, bytes):
            connection.settimeout(10)
            connection.sendall(step)
            connection.settimeout(POLL)
        elif isinstance(step, Pause):
            self._stopping.wait(step.seconds)
        elif isinstance(step, PassedOn):
            self.passed_on.wait(10)
        elif isinstance(step, Turn):
            step.turns.acquire(timeout=10)
        elif isinstance(step, Hang):
            self._hang(connection)
            return False
        elif isinstance(step, Reset):
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            return False
        return True

    def _hang(self, connection: socket.socket) -> None:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    self.left.set()
                    return

    def _read(self, connection: socket.socket) -> Received | None:
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := self._receive(connection)):
                return None
            data += more
        raw_head, _, body = data.partition(b"\r\n\r\n")
        first, *lines = raw_head.decode().split("\r\n")
        headers = {n.lower(): v for n, _, v in (line.partition(": ") for line in lines)}
        while len(body) < int(headers["content-length"]):
            body += self._receive(connection)
        return Received(first.split()[1], headers, json.loads(body))

    def _receive(self, connection: socket.socket) -> bytes:
        while not self._stopping.is_set():
            with contextlib.suppress(TimeoutError):
                return connection.recv(65536)
        return b""


@dataclass
class Outcome:
    """What a child saw of a call."""

    status: int
    body: bytes = b""
    is_broken_off: bool = False
    pieces: list[bytes] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The reply's text, as far as it came."""
        events = [line[6:] for line in self.body.split(b"\n") if line.startswith(b"data: {")]
        choices = [choice for one in events for choice in json.loads(one)["choices"]]
        return "".join(choice["delta"].get("content", "") for choice in choices)


@dataclass(frozen=True)
class ScriptedChild:
    """Calls the gateway as LiteLLM does."""

    api_base: str
    token: str

    def call(
        self,
        *,
        is_stream: bool = True,
        on_piece: Callable[[], None] = lambda: None,
        **more: object,
    ) -> Outcome:
        """Call, read to the end, and return what was seen."""
        body = {"model": "openai/writer", "messages": [{"role": "user", "content": "Say hello"}]}
        with self.open(body | {"stream": is_stream} | more) as response:
            outcome = Outcome(response.status_code)
            try:
                for piece in response.iter_raw():
                    outcome.pieces.append(piece)
                    on_piece()
            except (httpx.RemoteProtocolError, httpx.ReadError):
                outcome.is_broken_off = True
            outcome.body = b"".join(outcome.pieces)
            return outcome

    @contextlib.contextmanager
    def open(self, body: Mapping[str, Any]) -> Iterator[httpx.Response]:
        """Call and yield the response whose head has arrived."""
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.api_base}/chat/completions"
        with (
            httpx.Client(timeout=30, trust_env=False, verify=False) as client,  # noqa: S501 - loopback, no TLS
            client.stream("POST", url, json=body, headers=headers) as response,
        ):
            yield response
