"""A run at the gateway, as tests start one."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from agents.gateway.client import Gateway
from agents.gateway.protocol import (
    Allowance,
    Bounds,
    Ceiling,
    Kind,
    Registration,
    RunReport,
    Upstream,
)
from tests.gateway.gateway_provider import ScriptedChild

CANARY = "sk-canary-4f1d0e6b7c"
AMPLE = Allowance(calls=50, output_tokens=100_000, ends_at=0)
QUICK = Bounds(
    first_pause=0.01,
    longest_pause=0.5,
    connect_seconds=2,
    first_byte_seconds=10,
    silence_seconds=10,
    request_bytes=1024 * 1024,
    reply_bytes=16 * 1024 * 1024,
)

_numbers = itertools.count(1)


@dataclass(frozen=True)
class PlayedRun:
    """A registered run and the child that calls for it."""

    registration: Registration
    child: ScriptedChild
    gateway: Gateway

    @property
    def run_id(self) -> str:
        return self.registration.run_id

    @property
    def directory(self) -> Path:
        return self.registration.directory

    def wait_for_verdict(self, seconds: float = 5.0) -> str | None:
        """Return the verdict, once it has arrived."""
        until = time.monotonic() + seconds
        while (verdict := self.gateway.verdict(self.run_id)) is None and time.monotonic() < until:
            time.sleep(0.002)
        return verdict

    def finish(self) -> RunReport:
        return self.gateway.finish(self.run_id)


def shared(
    key: str, kind: Kind, left: Decimal | int, held: Mapping[str, Decimal] | None = None
) -> Ceiling:
    """Return what is left of something that several runs share."""
    sentence = f"{key}: {kind} used up"
    return Ceiling(key=key, kind=kind, left=Decimal(left), sentence=sentence, held=held or {})


StartRun = Callable[..., PlayedRun]


def new_run(
    gateway: Gateway,
    base_url: str,
    folder: Path,
    *,
    upstream: Upstream | None = None,
    **allowance: Any,
) -> PlayedRun:
    """Register a run; keywords replace parts of its ample allowance."""
    number = next(_numbers)
    run_id, token = f"run-{number}", f"token-of-run-{number:06}"
    upstream = upstream or Upstream(
        kind="openai", base_url=base_url, key_variable="OPENAI_API_KEY", model="real-model"
    )
    registration = Registration(
        run_id=run_id,
        mission_id=1_000_000 + number,
        token=token,
        upstream=upstream,
        allowance=replace(AMPLE, **({"ends_at": time.time() + 60} | allowance)),
        directory=folder / run_id,
    )
    gateway.register(registration)
    return PlayedRun(registration, ScriptedChild(gateway.door(upstream).api_base, token), gateway)
