"""What the client, the engine and its children say to each other. Standard library only.

Two channels. *Control*, one `SOCK_SEQPACKET` pair for an engine: every packet is one JSON object,
and a `run` or `health` packet carries one end of a fresh socket pair. *Run*, that fresh
`SOCK_STREAM` pair: the client writes the whole request and shuts its writing side; then frames
come back, one JSON object a line, and the last word is the engine's `ended`, written after the
child was reaped and its process group killed.
"""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

SandboxChoice = Literal["auto", "landlock", "none"]
EditFormat = Literal["diff", "whole"]
Family = Literal["openai", "anthropic", "gemini"]
OutputStream = Literal["log", "reply"]
Status = Literal["completed", "failed", "crashed", "timed_out", "cancelled", "unavailable"]
Remark = Literal["", "edits_unmatched", "malformed_reply"]
"""What was wrong with the last reply of a conversation that ended by itself."""

REMARKS: dict[Remark, str] = {
    "edits_unmatched": "some edits of the reply did not apply",
    "malformed_reply": "the reply's edits are not in the format that was asked for",
}
HOME_PREFIX = "parallagon-engine-"
MAX_PACKET = 16 * 1024
MAX_FRAME = 1024 * 1024
MAX_REQUEST = 16 * 1024 * 1024
MAX_CREATED = 20


class EngineUnavailable(Exception):  # noqa: N818 - the name says what a caller sees
    """The engine cannot serve; the message is a sentence that says what to do."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use. Sizes are bytes, times are seconds."""

    wall_seconds: float = 600
    cpu_seconds: int = 120
    memory_bytes: int = 2 * 1024**3
    file_bytes: int = 4 * 1024**2
    open_files: int = 256
    output_bytes: int = 4 * 1024**2


@dataclass(frozen=True, kw_only=True)
class EngineRequest:
    """One run of Aider: who it talks to, what it is told, what it may touch.

    `staging` and `home` are absolute folders made by the caller and used by nobody else while the
    run lasts; `home` lies outside `staging`. Paths are relative to `staging`, with `/`.
    """

    run_id: str
    model: str
    api_base: str
    api_token: str = field(repr=False)
    edit_format: EditFormat
    prompt: str = field(repr=False)
    staging: Path
    editable: tuple[str, ...]
    readonly: tuple[str, ...] = ()
    creatable: tuple[str, ...] = ()
    home: Path
    limits: Limits = field(default_factory=Limits)
    sandbox: SandboxChoice = "auto"


@dataclass(frozen=True)
class RefusedEdit:
    """An edit or a file that Aider was kept from, with the reason in words."""

    path: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class EngineResult:
    """How a run ended. `created` and `edited` are what the bytes on disk say, not Aider."""

    status: Status
    reason: str
    refused: tuple[RefusedEdit, ...]
    created: tuple[str, ...]
    edited: tuple[str, ...]
    seconds: float
    remark: Remark = ""


@dataclass(frozen=True, kw_only=True)
class EngineHealth:
    """The state of the engine process, for health pages and tests."""

    pid: int | None
    alive: bool
    answers: bool
    forks: int
    running: int
    sandbox: Literal["landlock", "none"]
    landlock_abi: int
    aider_version: str | None
    restarts: int


def encode(message: dict[str, Any]) -> bytes:
    """Return `message` as one line of JSON, ASCII only, ending in a newline."""
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"


def decode(line: bytes) -> dict[str, Any]:
    """Return the object in `line`, or an empty one for anything that is not a JSON object."""
    try:
        message = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}


def request_to_json(request: EngineRequest) -> bytes:
    """Return the request as JSON; the counterpart of `request_from_json`."""
    return json.dumps(dataclasses.asdict(request), default=str).encode()


def request_from_json(data: bytes) -> EngineRequest:
    """Return the request in `data`. Raises ValueError, KeyError or TypeError when it is not one."""
    values = json.loads(data)
    for name in ("editable", "readonly", "creatable"):
        values[name] = tuple(values[name])
    values["staging"] = Path(values["staging"])
    values["home"] = Path(values["home"])
    values["limits"] = Limits(**values["limits"])
    return EngineRequest(**values)
