"""Carry out a run once more from its record; no mission, ledger or database is written to."""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final, cast
from uuid import uuid4

from django.conf import settings

from agents.aider.engine import Engine
from agents.aider.protocol import (
    EngineRequest,
    EngineResult,
    EngineUnavailable,
    Family,
    SandboxChoice,
)
from agents.gateway.client import Gateway
from agents.gateway.protocol import (
    Allowance,
    GatewayError,
    Registration,
    RunReport,
    Upstream,
    read_calls,
)
from agents.gateway.replies import REPLIES_FILE, RepliesDamaged, read_replies
from agents.judge import Ended, judge, require_complete
from agents.replay.questions import Difference, differences
from agents.replay.record import Ask, Left, Record, read_record
from agents.roles.base import RunFiles
from agents.workshop import Workshop
from missions.staging import Staged, StagedFile, copy
from missions.storage import BlobStore
from parallagon.core.errors import AgentError, ParallagonError
from parallagon.core.files import read_contained, replace_contained

UNLIMITED: Final = 10**12
"""A repetition costs nothing: only the calls that were made then have replies."""


class CannotReplay(AgentError):  # noqa: N818 - says what happened
    """Too little is kept of the run, or it is damaged; the message says what."""

    code: ClassVar[str] = "cannot_replay"


@dataclass(frozen=True, kw_only=True)
class Repetition:
    """What came out then and now."""

    record: Record
    then: Left
    now: Left
    reason: str
    """Why the files would not land now, in words."""
    questions: tuple[Difference, ...]

    @property
    def files(self) -> Mapping[str, bool]:
        """Every file that was written then or now → whether its bytes are the same."""
        paths = sorted({*self.then.files, *self.now.files})
        return {path: self.then.files.get(path) == self.now.files.get(path) for path in paths}

    @property
    def is_same(self) -> bool:
        """Whether the same bytes came out, and would be dealt with alike."""
        return self.then == self.now


def repeat(directory: Path, *, keep: Path | None = None) -> Repetition:
    """Repeat the run whose folder this is; ``keep`` gets the files that it writes now.

    Raises:
        CannotReplay: too little is kept of it, Aider cannot be loaded, or ``keep`` is not empty.
    """
    record = _record(directory)
    then = record.left
    if then is None:
        raise CannotReplay(f"The run cannot be repeated: {record.unusable}.")
    _require_replies(directory)
    if keep is not None:
        _make(keep)
    with tempfile.TemporaryDirectory(prefix="parallagon-replay-") as folder:
        private = Path(folder)
        staged = _staged(record)
        copy(staged.files.values(), private / "files")
        (private / "home").mkdir(mode=0o700)
        result, report = _work(record, directory, private)
        now, reason = _judged(result, report, record, staged=staged, private=private)
        if keep is not None:
            _keep(now.files, private / "files", keep)
        return Repetition(
            record=record,
            then=then,
            now=now,
            reason=reason,
            questions=differences(directory, private / "run"),
        )


def _record(directory: Path) -> Record:
    try:
        return read_record(directory)
    except FileNotFoundError as error:
        raise CannotReplay("The run cannot be repeated: no record of it is there.") from error
    except (OSError, ValueError) as error:
        raise CannotReplay(f"The run cannot be repeated: {error}.") from error


def _require_replies(directory: Path) -> None:
    """Raise CannotReplay unless there is a whole reply for each call of the run."""
    try:
        replies = read_replies(directory / REPLIES_FILE)
    except (OSError, RepliesDamaged) as error:
        raise CannotReplay(f"The run cannot be repeated: {error}.") from error
    for call in read_calls(directory):
        if call.number not in replies:
            raise CannotReplay(
                f"The run cannot be repeated: the reply to call {call.number} was not kept."
            )
    for reply in replies.values():
        if reply.left_out:
            raise CannotReplay(f"The run cannot be repeated: {reply.left_out}.")


def _staged(record: Record) -> Staged:
    """Read what the run saw from the store, which holds every revision."""
    store = BlobStore()
    try:
        return Staged(
            files={
                file.path: StagedFile(
                    path=file.path,
                    file=None,
                    number=file.number,
                    hash=file.hash,
                    text=store.text(file.hash).text,
                    is_writable=file.is_writable,
                )
                for file in record.inputs
            }
        )
    except ParallagonError as error:
        raise CannotReplay(f"The run cannot be repeated: {error.message}") from error


@contextmanager
def workshop_for(family: Family) -> Iterator[Workshop]:
    """Give an engine and a gateway of their own, in whose processes no key is known.

    Raises:
        GatewayUnavailable, EngineUnavailable: one does not start.
    """
    gateway = Gateway(environment={"LOG_LEVEL": "ERROR"})
    engine = Engine(families=[family])
    try:
        gateway.start()
        engine.start()
        yield Workshop(engine=engine, gateway=gateway, environment={})
    finally:
        engine.close()
        gateway.close()


def _work(record: Record, directory: Path, private: Path) -> tuple[EngineResult, RunReport]:
    """Let Aider work on the staged files, the kept replies for a model."""
    family, _, model = record.asks[0].model.partition("/")
    upstream = Upstream(
        kind="replay", base_url=str(directory / REPLIES_FILE), model=model, family=family
    )
    try:
        with workshop_for(cast("Family", family)) as workshop:
            return _ask(record.asks, upstream, private, workshop=workshop)
    except (GatewayError, EngineUnavailable) as error:
        raise CannotReplay(f"The run cannot be repeated here: {error}") from error


def _ask(
    asks: Sequence[Ask], upstream: Upstream, private: Path, *, workshop: Workshop
) -> tuple[EngineResult, RunReport]:
    engine, gateway = workshop.engine, workshop.gateway
    # Another name than the run's: nothing here may ever be taken for it.
    run_id, token = f"replay-{uuid4()}", secrets.token_urlsafe(32)
    seconds = sum(ask.limits.wall_seconds for ask in asks)
    gateway.register(
        Registration(
            run_id=run_id,
            mission_id=0,
            token=token,
            upstream=upstream,
            allowance=Allowance(
                calls=UNLIMITED, output_tokens=UNLIMITED, ends_at=time.time() + seconds
            ),
            directory=private / "run",
        )
    )
    try:
        door = gateway.door(upstream)
        for ask in asks:
            result = engine.run(
                _request(ask, run_id=run_id, private=private, api_base=door.api_base, token=token),
                on_output=lambda _stream, _text: None,
                should_stop=_until_void(gateway, run_id),
            )
    finally:
        report = gateway.finish(run_id)
    return result, report


def _request(ask: Ask, *, run_id: str, private: Path, api_base: str, token: str) -> EngineRequest:
    return EngineRequest(
        run_id=run_id,
        model=ask.model,
        api_base=api_base,
        api_token=token,
        edit_format=ask.edit_format,
        prompt=ask.prompt,
        staging=private / "files",
        editable=ask.editable,
        readonly=ask.readonly,
        creatable=ask.creatable,
        home=private / "home",
        limits=ask.limits,
        sandbox=cast("SandboxChoice", settings.PARALLAGON_SANDBOX),
    )


def _judged(
    result: EngineResult, report: RunReport, record: Record, *, staged: Staged, private: Path
) -> tuple[Left, str]:
    """Judge as the cycle does; return what is left, and why it would not land."""
    ask, ended = record.asks[-1], None
    files = RunFiles(editable=ask.editable, readonly=ask.readonly, creatable=ask.creatable)
    allowance = Allowance(calls=UNLIMITED, output_tokens=UNLIMITED, ends_at=0)
    try:
        require_complete(result, report, cause="", allowance=allowance)
        judge(result, staged=staged, staging=private / "files", files=files)
    except Ended as error:
        ended = error
    return Left.by(result, private / "files", ended), ended.reason if ended else ""


def _until_void(gateway: Gateway, run_id: str) -> Callable[[], str | None]:
    return lambda: gateway.verdict(run_id)


def _make(keep: Path) -> None:
    try:
        keep.mkdir(parents=True, exist_ok=True)
        is_empty = not any(keep.iterdir())
    except OSError as error:
        raise CannotReplay(f"{keep} cannot be used: {error.strerror}.") from error
    if not is_empty:
        raise CannotReplay(f"{keep} is not empty.")


def _keep(files: Mapping[str, str], staging: Path, keep: Path) -> None:
    """Copy the plain files that were written; links and the like stay behind."""
    for path in files:
        try:
            content = read_contained(staging, path, limit=settings.PARALLAGON_MAX_FILE_SIZE)
        except ParallagonError:
            continue
        replace_contained(keep, path, content)
