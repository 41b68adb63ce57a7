"""A scripted OpenAI-compatible model server on loopback."""

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


def search_block(path: str, search: str, replace: str) -> str:
    """Return one edit in Aider's `diff` format."""
    return f"{path}\n```\n<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n```\n"


def whole_block(path: str, text: str) -> str:
    """Return one file in Aider's `whole` format."""
    return f"{path}\n```\n{text}```\n"


@dataclass
class Reply:
    """What the scripted model answers: a text in pieces, or an error status.

    It stops before its last piece until `may_finish` is set.
    """

    pieces: tuple[str, ...]
    status: int = 200
    may_finish: threading.Event = field(default_factory=threading.Event)


class ScriptedModel(ThreadingHTTPServer):
    """An OpenAI-compatible server on loopback: replies are enqueued, calls are kept."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.calls: list[dict[str, Any]] = []
        self.tokens: list[str] = []
        self.replies: list[Reply] = []
        self.default = "There is nothing to change.\n"
        self.is_answering = threading.Event()

    @property
    def api_base(self) -> str:
        """The address a client uses."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def enqueue(self, *pieces: str, status: int = 200, hold: bool = False) -> Reply:
        """Answer the next call so; with `hold`, only up to the last piece until told."""
        reply = Reply(pieces, status)
        if not hold:
            reply.may_finish.set()
        self.replies.append(reply)
        return reply

    def prompts(self) -> str:
        """Return everything that was sent to the model, as one text."""
        return "\n".join(
            str(message["content"]) for call in self.calls for message in call["messages"]
        )

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet about clients that were killed."""


class _Handler(BaseHTTPRequestHandler):
    server: ScriptedModel

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.calls.append(body)
        self.server.tokens.append(self.headers["Authorization"].removeprefix("Bearer "))
        replies = self.server.replies
        reply = replies.pop(0) if replies else _ready(self.server.default)
        is_stream = bool(body.get("stream")) and reply.status == 200
        self.send_response(reply.status)
        self.send_header("Content-Type", "text/event-stream" if is_stream else "application/json")
        self.end_headers()
        send = self._stream if is_stream else self._answer
        send(reply)

    def _stream(self, reply: Reply) -> None:
        *first, last = reply.pieces
        for piece in first:
            self._event({"delta": {"role": "assistant", "content": piece}, "finish_reason": None})
        self._wait(reply)
        self._event({"delta": {"role": "assistant", "content": last}, "finish_reason": None})
        self._event({"delta": {}, "finish_reason": "stop"})
        self.wfile.write(b"data: [DONE]\n\n")

    def _answer(self, reply: Reply) -> None:
        self._wait(reply)
        text = "".join(reply.pieces)
        if reply.status != 200:
            body: dict[str, Any] = {"error": {"message": text, "code": reply.status}}
        else:
            message = {"role": "assistant", "content": text}
            body = _envelope({"message": message, "finish_reason": "stop"}, "chat.completion")
        self.wfile.write(json.dumps(body).encode())

    def _wait(self, reply: Reply) -> None:
        self.server.is_answering.set()
        reply.may_finish.wait(30)

    def _event(self, choice: dict[str, Any]) -> None:
        chunk = json.dumps(_envelope(choice, "chat.completion.chunk"))
        self.wfile.write(f"data: {chunk}\n\n".encode())

    def log_message(self, *_args: Any) -> None:
        """Write no log."""


def _envelope(choice: dict[str, Any], kind: str) -> dict[str, Any]:
    choices = [{"index": 0, **choice}]
    return {"id": "1", "object": kind, "created": 1, "model": "scripted", "choices": choices}


def _ready(text: str) -> Reply:
    reply = Reply((text,))
    reply.may_finish.set()
    return reply
