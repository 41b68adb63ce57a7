"""Whole runs of Aider against a canned model server: no run does a thing for the first time."""

import contextlib
import json
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx

from agents.aider.coder import CODERS, build_coder
from agents.aider.gate import Gate
from agents.aider.output import CHUNK, Voice, VoiceFile
from agents.aider.protocol import EditFormat, EngineRequest, EngineUnavailable

SEARCH_BLOCK = "a.md\n```\n<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n```\n"
WHOLE_BLOCK = "a.md\n```\ntwo\n```\n"
USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}


def rehearse() -> None:
    """Run every edit format, streamed and not. Raises EngineUnavailable when one fails."""
    with _canned_server() as api_base:
        for edit_format in CODERS:
            for stream in (True, False):
                rehearse_once(api_base, edit_format, stream=stream)


def canned_reply(_request: httpx.Request) -> httpx.Response:
    """Answer as the canned server does, without a network."""
    body = b"".join(_stream(SEARCH_BLOCK))
    return httpx.Response(200, headers={"Content-Type": "text/event-stream"}, content=body)


def rehearse_once(api_base: str, edit_format: EditFormat, *, stream: bool) -> None:
    """Run a whole conversation as a child would, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="parallagon-warm-") as folder:
        (staging := Path(folder, "staging")).mkdir()
        (staging / "a.md").write_text("one\n")
        (staging / "b.md").write_text("one\n")
        request = EngineRequest(
            run_id="warm",
            model="openai/warm",
            api_base=api_base,
            api_token="warm",  # noqa: S106 - no secret
            edit_format=edit_format,
            prompt="Warm up.",
            staging=staging,
            editable=("a.md",),
            readonly=("b.md",),
            home=Path(folder),
        )
        _converse(request, stream=stream)
        if (staging / "a.md").read_text() != "two\n":
            raise EngineUnavailable(
                f"Aider did not make a rehearsed edit ({edit_format}): install exactly the"
                " versions of requirements/base.txt."
            )


def _converse(request: EngineRequest, *, stream: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        voice = Voice(theirs, output_bytes=CHUNK, hide={})
        gate = Gate(request, lambda _path, _reason: None)
        with contextlib.redirect_stdout(VoiceFile(voice, "log")):
            failure, _ = build_coder(request, gate, voice, stream=stream).converse(request.prompt)
    if failure:
        raise EngineUnavailable(f"Aider failed its rehearsal: {failure}.")


class _Canned(BaseHTTPRequestHandler):
    """Answers any chat completion with one edit in the format that was asked for."""

    def do_POST(self) -> None:
        """Answer, streamed or not, and close the connection."""
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = SEARCH_BLOCK if "SEARCH" in json.dumps(body["messages"]) else WHOLE_BLOCK
        answer = _stream(text) if body.get("stream") else [_whole(text)]
        kind = "text/event-stream" if body.get("stream") else "application/json"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Connection", "close")
        self.end_headers()
        for part in answer:
            self.wfile.write(part)
        self.close_connection = True

    def log_message(self, *_args: Any) -> None:
        """Write no log."""


def _whole(text: str) -> bytes:
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return json.dumps(_envelope("chat.completion", [choice], USAGE)).encode()


def _stream(text: str) -> Iterator[bytes]:
    kind = "chat.completion.chunk"
    middle = len(text) // 2
    for part in (text[:middle], text[middle:]):
        choice = {"index": 0, "delta": {"role": "assistant", "content": part}}
        yield _event(_envelope(kind, [{**choice, "finish_reason": None}], None))
    yield _event(_envelope(kind, [{"index": 0, "delta": {}, "finish_reason": "stop"}], None))
    yield _event(_envelope(kind, [], USAGE))
    yield b"data: [DONE]\n\n"


def _envelope(kind: str, choices: list[Any], usage: Any) -> dict[str, Any]:
    return {
        "id": "warm",
        "object": kind,
        "created": 1,
        "model": "warm",
        "choices": choices,
        "usage": usage,
    }


def _event(message: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(message).encode() + b"\n\n"


@contextmanager
def _canned_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Canned) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1"
        finally:
            server.shutdown()
            thread.join()
