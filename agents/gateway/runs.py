"""Hold the runs that may call models, by the token each was given."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from agents.gateway.keys import KeyUnreadable, Scrubber, read_key
from agents.gateway.meter import Meter, RunMeter
from agents.gateway.protocol import CallRecord, Registration, RegistrationRefused, RunReport
from agents.gateway.records import RunFiles

SHORTEST_TOKEN = 16
# How long the calls of a run that is finished may take to write their last record.
CLOSING_SECONDS = 5.0


class Run:
    """One registered run: what it may do, what it did, and whether it is void."""

    def __init__(
        self,
        registration: Registration,
        *,
        key: str | None,
        meter: RunMeter,
        files: RunFiles,
        on_void: Callable[[str, str], None],
    ) -> None:
        self.registration = registration
        self.key = key
        self.meter = meter
        self.files = files
        self.void: str | None = None
        self.records: dict[int, CallRecord] = {}
        # Who answers a call, and what is set once that call's last record is written.
        self._under_way: dict[asyncio.Task[Any], asyncio.Event] = {}
        self._on_void = on_void

    @property
    def run_id(self) -> str:
        """The run's name."""
        return self.registration.run_id

    @property
    def calls_under_way(self) -> int:
        """How many calls are being answered."""
        return len(self._under_way)

    @contextmanager
    def call_under_way(self) -> Iterator[None]:
        """Say that the current task answers a call, so that the end of the run ends it too."""
        task = asyncio.current_task()
        assert task is not None, "calls are answered in tasks"  # noqa: S101
        ended = self._under_way[task] = asyncio.Event()
        try:
            yield
        finally:
            del self._under_way[task]
            ended.set()

    def make_void(self, sentence: str, *, but: asyncio.Task[Any] | None) -> None:
        """Let nothing of this run be taken, and end its calls but one. The first reason stays."""
        if self.void is not None:
            return
        self.void = sentence
        self._on_void(self.run_id, sentence)
        self._end_calls(but=but)

    async def end(self) -> None:
        """End the calls that are under way, wait for their last records, close the files."""
        ended = [asyncio.create_task(event.wait()) for event in self._under_way.values()]
        self._end_calls()
        if ended:
            await asyncio.wait(ended, timeout=CLOSING_SECONDS)
        self.files.close()

    def _end_calls(self, but: asyncio.Task[Any] | None = None) -> None:
        for task in self._under_way:
            if task is not but:
                task.cancel()

    def report(self) -> RunReport:
        """Return what is known of the run now."""
        calls = tuple(self.records[number] for number in sorted(self.records))
        return RunReport.of(self.run_id, calls, self.void)


class Runs:
    """All runs registered and not finished, and what they use together."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str],
        scrubber: Scrubber,
        on_void: Callable[[str, str], None],
    ) -> None:
        self._environment = environment
        self._scrubber = scrubber
        self._on_void = on_void
        self._by_id: dict[str, Run] = {}
        self._by_token: dict[bytes, Run] = {}
        self._meter = Meter()

    def __len__(self) -> int:
        return len(self._by_id)

    @property
    def calls_under_way(self) -> int:
        """How many calls are being answered."""
        return sum(run.calls_under_way for run in self._by_id.values())

    def register(self, registration: Registration) -> None:
        """Let a run call models. Raises RegistrationRefused with what to change."""
        digest = _digest(registration.token)
        if len(registration.token) < SHORTEST_TOKEN:
            raise RegistrationRefused(f"A run's token needs {SHORTEST_TOKEN} characters.")
        if registration.run_id in self._by_id or digest in self._by_token:
            raise RegistrationRefused(f"Run {registration.run_id} or its token is in use already.")
        key = self._key_of(registration)
        try:
            files = RunFiles(registration.directory, self._scrubber)
        except OSError as error:
            raise RegistrationRefused(f"The run's folder cannot be written: {error}.") from error
        run = Run(
            registration,
            key=key,
            meter=self._meter.enter(registration.run_id, registration.allowance),
            files=files,
            on_void=self._on_void,
        )
        self._by_id[registration.run_id] = self._by_token[digest] = run

    def _key_of(self, registration: Registration) -> str | None:
        name = registration.upstream.key_variable
        if name is None:
            return None
        try:
            key = read_key(name, self._environment)
        except KeyUnreadable as error:
            raise RegistrationRefused(str(error)) from error
        if key is None:
            raise RegistrationRefused(f"Set {name} (or {name}_FILE) to use this model.")
        self._scrubber.learn([key])
        return key

    def with_token(self, token: str) -> Run | None:
        """Return the run that was given this token.

        What is looked up is the token's hash: how long that takes says nothing of the token.
        """
        return self._by_token.get(_digest(token))

    def report(self, run_id: str) -> RunReport:
        """Return what is known of a run. Raises KeyError."""
        return self._by_id[run_id].report()

    async def finish(self, run_id: str) -> RunReport:
        """Take the token back, end calls that are under way, and return what is known.

        Raises KeyError.
        """
        run = self._by_id[run_id]
        self._by_token.pop(_digest(run.registration.token), None)
        await run.end()
        del self._by_id[run_id]
        self._meter.leave(run.meter)
        return run.report()

    async def end(self) -> None:
        """Finish every run: nobody is left to ask for them."""
        for run_id in list(self._by_id):
            await self.finish(run_id)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()
