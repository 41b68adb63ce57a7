"""Use the gateway from the worker: start it, register runs, hear at once when one is void."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from agents.gateway.channel import ANSWER_SECONDS, Channel
from agents.gateway.families import family_of
from agents.gateway.protocol import (
    Bounds,
    GatewayError,
    GatewayHealth,
    GatewayUnavailable,
    Registration,
    RegistrationRefused,
    RunReport,
    Upstream,
    read_calls,
)

logger = logging.getLogger(__name__)

RESTARTED = "the gateway restarted while the run was at work"
# A process that dies young is started again, but not in a tight loop.
LONGEST_PAUSE = 10.0
FIRST_PAUSE = 0.1
YOUNG = 5.0  # seconds


@dataclass(frozen=True, kw_only=True)
class Door:
    """A model as a child names it, and the address at which it believes the provider to be."""

    model: str
    api_base: str


@dataclass(frozen=True)
class _Known:
    """A run registered and not finished: where its files are, and which process serves it."""

    directory: Path
    channel: Channel


class Gateway:
    """The gateway process and what this worker knows of it. One per worker; thread-safe."""

    def __init__(
        self,
        *,
        environment: Mapping[str, str] | None = None,
        bounds: Bounds | None = None,
        start_timeout: float = 30.0,
    ) -> None:
        self._environment = dict(os.environ if environment is None else environment)
        self._bounds = bounds or Bounds()
        self._start_timeout = start_timeout
        self._changed = threading.Condition()
        self._channel: Channel | None = None  # one that listens
        self._is_closing = threading.Event()
        self._port = 0
        self._restarts = 0
        self._runs: dict[str, _Known] = {}
        self._verdicts: dict[str, str] = {}

    def start(self) -> None:
        """Start the process and wait until it listens. Raises GatewayUnavailable."""
        with self._changed:
            if self._channel is None:
                self._channel = self._open()

    @property
    def port(self) -> int:
        """The loopback port that children call. Raises GatewayUnavailable while there is none."""
        port = self._listening().port
        assert port is not None, "a channel that listens has a port"  # noqa: S101
        return port

    def door(self, upstream: Upstream) -> Door:
        """Return what a child takes for its model and its address. Raises GatewayUnavailable."""
        family = family_of(upstream)
        return Door(
            model=f"{family.name}/{upstream.model}",
            api_base=f"http://127.0.0.1:{self.port}{family.root}",
        )

    def register(self, registration: Registration) -> None:
        """Let a run call models, until `finish`.

        Raises RegistrationRefused with what to change, GatewayUnavailable.
        """
        run_id = registration.run_id
        known = _Known(directory=registration.directory, channel=self._listening())
        # Known before it is asked for: a process that dies meanwhile must leave a verdict.
        if self._runs.setdefault(run_id, known) is not known:
            raise RegistrationRefused(f"Run {run_id} is registered already.")
        try:
            known.channel.order("register", registration=registration.to_json())
        except GatewayError:
            self._forget(run_id)
            raise

    def verdict(self, run_id: str) -> str | None:
        """Return the sentence that makes this run void, `None` while none was heard of.

        Costs nothing, and may be some milliseconds behind: `finish` is what decides.
        """
        return self._verdicts.get(run_id)

    def serves(self, run_id: str) -> bool:
        """Tell whether a run is registered here and not finished."""
        return run_id in self._runs

    def report(self, run_id: str) -> RunReport:
        """Return what a run used so far. Raises KeyError for a run that is not registered."""
        return self._report("report", run_id)

    def finish(self, run_id: str) -> RunReport:
        """Take the run's token back, end its calls, and return what it used.

        Never fails for a run that is registered: where the process is gone, its files tell. Raises
        KeyError for others.
        """
        report = self._report("finish", run_id)
        self._forget(run_id)
        return report

    def health(self) -> GatewayHealth:
        """Return how the process does, asking it."""
        channel = self._channel
        try:
            load = channel.order("health") if channel else None
        except GatewayUnavailable:
            load = None
        is_alive = channel is not None and load is not None
        return GatewayHealth(
            is_alive=is_alive,
            pid=channel.pid if channel and is_alive else None,
            port=channel.port if channel and is_alive else None,
            restarts=self._restarts,
            runs=load["runs"] if load else 0,
            calls=load["calls"] if load else 0,
        )

    def close(self) -> None:
        """End the process, and with it what runs are still doing."""
        self._is_closing.set()
        with self._changed:
            channel, self._channel = self._channel, None
            self._changed.notify_all()
        if channel is not None:
            channel.close()

    def _open(self) -> Channel:
        channel = Channel(
            environment=self._environment,
            bounds=self._bounds,
            port=self._port,
            on_void=self._on_void,
            on_lost=self._on_lost,
        )
        self._port = channel.wait_until_listening(self._start_timeout)
        return channel

    def _listening(self) -> Channel:
        """Return the process that listens, waiting while one restarts."""
        with self._changed:
            is_there = self._changed.wait_for(
                lambda: self._channel is not None or self._is_closing.is_set(),
                timeout=ANSWER_SECONDS if self._port else 0,
            )
            if not is_there or self._channel is None:
                raise GatewayUnavailable("The gateway does not run.")
            return self._channel

    def _report(self, what: str, run_id: str) -> RunReport:
        known = self._runs[run_id]
        try:
            return RunReport.from_json(known.channel.order(what, run_id=run_id))
        except GatewayUnavailable:
            void = self._verdicts.get(run_id, RESTARTED)
            return RunReport.of(run_id, read_calls(known.directory), void)

    def _forget(self, run_id: str) -> None:
        self._runs.pop(run_id, None)
        self._verdicts.pop(run_id, None)

    def _on_void(self, run_id: str, sentence: str) -> None:
        self._verdicts.setdefault(run_id, sentence)

    def _on_lost(self, channel: Channel) -> None:
        """Make the lost process's runs void and start another one, in the lost one's thread."""
        for run_id, known in list(self._runs.items()):
            if known.channel is channel:
                self._verdicts.setdefault(run_id, RESTARTED)
        with self._changed:
            if self._channel is not channel:
                return  # it never listened: who opened it deals with that
            self._channel = None
        logger.warning("the gateway process %s is gone; starting another", channel.pid)
        self._restart(is_young=time.monotonic() - channel.started_at < YOUNG)

    def _restart(self, *, is_young: bool) -> None:
        pause = FIRST_PAUSE
        if is_young:
            self._is_closing.wait(pause)
        while not self._is_closing.is_set():
            try:
                channel = self._open()
            except GatewayUnavailable as error:
                logger.error("the gateway does not restart: %s", error)
            else:
                if self._take_over(channel):
                    return
            pause = min(2 * pause, LONGEST_PAUSE)
            self._is_closing.wait(pause)

    def _take_over(self, channel: Channel) -> bool:
        """Serve through this process, unless it is gone again or nobody wants it any more."""
        with self._changed:
            if channel.is_alive and not self._is_closing.is_set():
                self._channel = channel
                self._restarts += 1
                self._changed.notify_all()
                return True
        channel.close()
        return False
