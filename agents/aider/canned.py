"""A model server for rehearsals: canned replies, in the protocol of each family of providers."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import httpx

from agents.aider.protocol import Family

SEARCH_BLOCK = "a.md\n```\n<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n```\n"
WHOLE_BLOCK = "a.md\n```\ntwo\n```\n"


@dataclass(frozen=True)
class Dialect:
    """How a family's replies are written: in one piece and as the objects of a stream.

    `root` ends the address that a client of the family is given, `path` is where it calls.
    """

    model: str
    root: str
    path: str
    whole: Callable[[str], dict[str, Any]]
    stream: Callable[[str, str], list[dict[str, Any]]]
    end: bytes = b""


def _openai(kind: str, choices: list[Any], usage: bool = False) -> dict[str, Any]:
    counts = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    envelope = {"id": "warm", "object": kind, "created": 1, "model": "warm", "choices": choices}
    return envelope | {"usage": counts if usage else None}


def _openai_whole(text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _openai("chat.completion", [choice], usage=True)


def _openai_stream(*parts: str) -> list[dict[str, Any]]:
    kind = "chat.completion.chunk"
    return [
        *(
            _openai(kind, [{"index": 0, "delta": {"role": "assistant", "content": part},
                            "finish_reason": None}])
            for part in parts
        ),
        _openai(kind, [{"index": 0, "delta": {}, "finish_reason": "stop"}]),
        _openai(kind, [], usage=True),
    ]  # fmt: skip


def _anthropic_message(content: list[Any], reason: str | None) -> dict[str, Any]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    message = {"id": "warm", "type": "message", "role": "assistant", "model": "warm"}
    ending = {"stop_reason": reason, "stop_sequence": None, "usage": usage}
    return message | {"content": content} | ending


def _anthropic_whole(text: str) -> dict[str, Any]:
    return _anthropic_message([{"type": "text", "text": text}], "end_turn")


def _anthropic_stream(*parts: str) -> list[dict[str, Any]]:
    block = {"index": 0, "content_block": {"type": "text", "text": ""}}
    ending = {"stop_reason": "end_turn", "stop_sequence": None}
    return [
        {"type": "message_start", "message": _anthropic_message([], None)},
        {"type": "content_block_start", **block},
        *(
            {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta",
                                                                  "text": part}}
            for part in parts
        ),
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": ending, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]  # fmt: skip


def _gemini_part(text: str, ending: dict[str, Any]) -> dict[str, Any]:
    counts = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    content = {"role": "model", "parts": [{"text": text}]}
    candidate = {"index": 0, "content": content, **ending}
    return {"candidates": [candidate], "usageMetadata": counts, "modelVersion": "warm"}


def _gemini_whole(text: str) -> dict[str, Any]:
    return _gemini_part(text, {"finishReason": "STOP"})


def _gemini_stream(*parts: str) -> list[dict[str, Any]]:
    *first, last = parts
    return [*(_gemini_part(part, {}) for part in first), _gemini_whole(last)]


DIALECTS: dict[Family, Dialect] = {
    "openai": Dialect(
        "openai/warm", "/v1", "/v1/chat/completions", _openai_whole, _openai_stream,
        end=b"data: [DONE]\n\n",
    ),
    "anthropic": Dialect(
        "anthropic/warm", "", "/v1/messages", _anthropic_whole, _anthropic_stream
    ),
    "gemini": Dialect("gemini/warm", "/v1beta", "/v1beta/models/", _gemini_whole, _gemini_stream),
}  # fmt: skip


def canned_answer(path: str, body: bytes) -> tuple[str, list[bytes]]:
    """Return the content type and the pieces of an answer: one edit, in the format asked for."""
    dialect = next(one for one in DIALECTS.values() if path.startswith(one.path))
    text = SEARCH_BLOCK if b"SEARCH" in body else WHOLE_BLOCK
    if not (json.loads(body).get("stream") or "streamGenerateContent" in path):
        return "application/json", [json.dumps(dialect.whole(text)).encode()]
    middle = len(text) // 2
    events = dialect.stream(text[:middle], text[middle:])
    return "text/event-stream", [*map(_event, events), dialect.end]


def _event(values: dict[str, Any]) -> bytes:
    name = f"event: {values['type']}\n" if "type" in values else ""
    return f"{name}data: {json.dumps(values)}\n\n".encode()


def canned_reply(request: httpx.Request) -> httpx.Response:
    """Answer as the canned server does, without a network."""
    kind, pieces = canned_answer(request.url.path, request.content)
    return httpx.Response(200, headers={"Content-Type": kind}, content=b"".join(pieces))


class _Canned(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        """Answer, streamed or not, and close the connection."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        kind, pieces = canned_answer(self.path, body)
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        for piece in pieces:
            self.wfile.write(piece)
        self.close_connection = True

    def log_message(self, *_args: Any) -> None:
        """Write no log."""


@contextmanager
def canned_server() -> Iterator[str]:
    """Serve on loopback; give the address without the root of a family."""
    with HTTPServer(("127.0.0.1", 0), _Canned) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
