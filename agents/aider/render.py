"""A process that writes down what Aider would send to a model, and ends.

It is a run's own code up to the moment of the call, so that what it says is what a run sends.
"""

import contextlib
import json
import socket
import sys
from typing import Any

from agents.aider.coder import build_coder
from agents.aider.gate import Gate
from agents.aider.output import CHUNK, Voice, VoiceFile
from agents.aider.protocol import EngineRequest, request_from_json
from agents.aider.warmup import keep_still

PARTS = {
    "system": "rules",
    "examples": "examples",
    "readonly_files": "readonly",
    "repo": "other",
    "done": "other",
    "chat_files": "editable",
    "cur": "message",
    "reminder": "rules",
}
"""Aider's names for what a question is made of, in its order, and ours."""


def main() -> int:
    """Read a request from standard input; write its messages to standard output as JSON."""
    request = request_from_json(sys.stdin.buffer.read())
    answer = sys.stdout.buffer
    ours, theirs = socket.socketpair()
    with ours, theirs:
        voice = Voice(theirs, output_bytes=CHUNK, hide={})
        with contextlib.redirect_stdout(VoiceFile(voice, "log")):
            messages = render(request, voice)
    answer.write(json.dumps(messages).encode())
    return 0


def render(request: EngineRequest, voice: Voice) -> list[dict[str, Any]]:
    """Return the messages of the first question that a run of this request asks."""
    keep_still()
    coder = build_coder(request, Gate(request, lambda _path, _reason: None), voice)
    coder.init_before_message()
    coder.cur_messages = [{"role": "user", "content": request.prompt}]
    chunks = coder.format_messages()
    found = [
        {"part": name, "role": message["role"], "content": message["content"]}
        for attribute, name in PARTS.items()
        for message in getattr(chunks, attribute)
    ]
    if len(found) != len(chunks.all_messages()):
        raise ValueError("Aider sends something that this version does not know")
    return found
