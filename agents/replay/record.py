"""What is kept of a run so that it can be repeated: what Aider was given, and what it left."""

import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Self

from django.conf import settings

from agents.aider.protocol import EditFormat, EngineRequest, EngineResult, Limits
from agents.gateway.protocol import TRANSCRIPT_FILE
from agents.gateway.replies import REPLIES_FILE
from agents.judge import Ended
from agents.models import AgentRun
from agents.selectors import run_directory
from agents.work import Done
from missions.staging import Staged
from parallagon.core.errors import ParallagonError
from parallagon.core.files import read_contained
from parallagon.core.scrubbing import scrub

logger = logging.getLogger(__name__)

RECORD_FILE: Final = "replay.json"
VERSION: Final = 1
LARGEST: Final = 4 * 1024 * 1024
TOO_LARGE: Final = "what it was given was too large to be kept"
GUARDED: Final = "something like a password stood in its message, which was therefore not kept"
UNREADABLE: Final = "unreadable"
"""Stands for the hash of what is no plain file of a size that a mission's file may have."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """A file that the run saw; its bytes are in the store under ``hash``."""

    path: str
    hash: str
    number: int
    is_writable: bool


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One thing that Aider was asked to do in the run's folder."""

    prompt: str
    model: str
    edit_format: EditFormat
    editable: tuple[str, ...]
    readonly: tuple[str, ...]
    creatable: tuple[str, ...]
    limits: Limits

    @classmethod
    def of(cls, request: EngineRequest) -> Self:
        """Take what makes a difference from what the engine was given."""
        return cls(
            prompt=request.prompt,
            model=request.model,
            edit_format=request.edit_format,
            editable=request.editable,
            readonly=request.readonly,
            creatable=request.creatable,
            limits=request.limits,
        )

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what ``asdict`` made of it."""
        lists = {name: tuple(values[name]) for name in ("editable", "readonly", "creatable")}
        return cls(**{**values, **lists, "limits": Limits(**values["limits"])})


@dataclass(frozen=True, kw_only=True)
class Left:
    """What a run left: path → hash of the bytes, and what the judge said of them.

    ``verdict`` is empty where the files may land, otherwise the outcome that kept them from it.
    """

    files: Mapping[str, str]
    verdict: str
    refused: tuple[str, ...]

    @classmethod
    def by(cls, result: EngineResult, staging: Path, ended: Ended | None) -> Self:
        """Look at a folder in which Aider has worked."""
        paths = sorted({*result.created, *result.edited})
        return cls(
            files={path: _hash_in(staging, path) for path in paths},
            verdict=ended.outcome if ended else "",
            refused=tuple(sorted(entry["path"] for entry in ended.refused)) if ended else (),
        )


@dataclass(frozen=True, kw_only=True)
class Record:
    """Everything that a repetition needs beside the replies; ``unusable`` says why it has not."""

    run: str
    role: str
    language: str
    model: str
    inputs: tuple[Input, ...] = ()
    asks: tuple[Ask, ...] = ()
    left: Left | None = None
    digests: Mapping[str, str]
    unusable: str = ""

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what ``asdict`` made of it. Raises TypeError, LookupError, ValueError."""
        left = values["left"]
        return cls(
            **{
                **values,
                "inputs": tuple(Input(**entry) for entry in values["inputs"]),
                "asks": tuple(Ask.from_json(entry) for entry in values["asks"]),
                "left": left and Left(**{**left, "refused": tuple(left["refused"])}),
            }
        )


@contextmanager
def recorded(run: AgentRun, done: Done, *, staged: Staged, staging: Path) -> Iterator[None]:
    """Keep, around the judging of a run, what a repetition needs; nothing here fails the run.

    A run that Aider or a provider did not bring to its end leaves no record: there is nothing
    whole to repeat.
    """
    ended: Ended | None = None
    try:
        yield
    except Ended as error:
        ended = error
        raise
    finally:
        if done.result.status == "completed" and not done.report.void:
            try:
                keep_record(run, done, staged=staged, left=Left.by(done.result, staging, ended))
            except OSError as error:
                logger.warning("the run cannot be repeated, its record was not written: %s", error)


def keep_record(run: AgentRun, done: Done, *, staged: Staged, left: Left) -> None:
    """Write the record of a run into its folder. Raises OSError."""
    directory = run_directory(run.pk)
    inputs = tuple(
        Input(path=file.path, hash=file.hash, number=file.number, is_writable=file.is_writable)
        for file in staged.files.values()
    )
    head: dict[str, Any] = {
        "run": str(run.pk),
        "role": run.agent.role,
        "language": run.mission.language,
        "model": run.model,
        "digests": digests_in(directory),
    }
    asks = tuple(map(Ask.of, done.requests))
    record = Record(**head, inputs=inputs, asks=asks, left=left)
    if any(scrub(ask.prompt) != ask.prompt for ask in asks):
        record = Record(**head, unusable=GUARDED)
    line = sealed(record)
    if len(line) > LARGEST:
        line = sealed(Record(**head, unusable=TOO_LARGE))
    _write(directory / RECORD_FILE, line)


def read_record(directory: Path) -> Record:
    """Return the record in a run's folder.

    Raises:
        FileNotFoundError: there is none.
        ValueError: it, or a file that it names, is not as it was written.
    """
    content = (directory / RECORD_FILE).read_bytes()
    try:
        values = json.loads(content)
        seal, version = values.pop("seal"), values.pop("version")
        if version != VERSION:
            raise ValueError("its record is of another version of Parallagon")
        if seal != _seal(values):
            raise ValueError("its record was changed after it was written")
        record = Record.from_json(values)
    except (TypeError, LookupError, AttributeError, RecursionError, json.JSONDecodeError) as error:
        raise ValueError("its record is damaged") from error
    for name, digest in digests_in(directory).items():
        if digest != record.digests.get(name):
            raise ValueError(f"{name} was changed after the run")
    return record


def has_record(directory: Path) -> bool:
    """Tell whether a run left a record; only a repetition finds out whether it is of use."""
    return (directory / RECORD_FILE).is_file()


def digests_in(directory: Path) -> dict[str, str]:
    """Return the hashes of what the gateway kept of a run; "" for a file that is not there."""
    return {name: _digest(directory / name) for name in (REPLIES_FILE, TRANSCRIPT_FILE)}


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _hash_in(staging: Path, path: str) -> str:
    try:
        content = read_contained(staging, path, limit=settings.PARALLAGON_MAX_FILE_SIZE)
    except ParallagonError:
        return UNREADABLE
    return hashlib.sha256(content).hexdigest()


def sealed(record: Record) -> bytes:
    """Return a record as it is written, with a checksum of itself."""
    values = asdict(record)
    return _canonical({**values, "version": VERSION, "seal": _seal(values)})


def _seal(values: Mapping[str, Any]) -> str:
    """Return a checksum: it tells of damage and of careless hands, and proves nothing to others."""
    return hashlib.sha256(_canonical(values)).hexdigest()


def _canonical(values: Mapping[str, Any]) -> bytes:
    return json.dumps(values, sort_keys=True).encode()


def _write(path: Path, content: bytes) -> None:
    """Write a private file that is there whole or not at all."""
    temporary = path.with_suffix(".new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    with os.fdopen(os.open(temporary, flags, 0o600), "wb") as file:
        file.write(content)
    temporary.replace(path)
