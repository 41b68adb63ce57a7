"""Say what the worker and the gateway tell each other, and what a run leaves behind on disk.

Imports no package but the standard library: the worker, the reaper and the gateway process all
read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, Self

from agents.gateway.charges import Charge

CALLS_FILE = "calls.jsonl"
TRANSCRIPT_FILE = "transcript.jsonl"
TRANSCRIPT_BYTES = 16 * 1024 * 1024  # kept of what one run asks and is told
NOTHING = Decimal(0)

Failure = Literal[
    "unreachable",
    "unauthorized",
    "not_found",
    "rate_limited",
    "overloaded",
    "timeout",
    "malformed",
    "cut_off",
    "reply_too_long",
    "filtered",
    "empty",
    "context_too_long",
    "refused",
    "over_allowance",
]


class GatewayError(Exception):
    """What the gateway could not do, as a sentence for people."""


class GatewayUnavailable(GatewayError):  # noqa: N818 - says what happened
    """The gateway process does not run or does not answer."""


class RegistrationRefused(GatewayError):  # noqa: N818 - says what happened
    """The gateway would not take the run: its key is missing, or its name is taken."""


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """Where a run's calls go.

    The key itself never travels: the gateway reads the variable `key_variable` (or the file that
    `key_variable` + "_FILE" names) from its own environment. `None` means that none is sent.
    A `replay` answers with what was kept of another run: its address is the file of those replies,
    its `family` the protocol they are written in.
    """

    kind: Literal["openai", "anthropic", "gemini", "offline", "replay"]
    base_url: str = ""
    key_variable: str | None = None
    model: str
    headers: Mapping[str, str] = field(default_factory=dict)
    family: str = ""  # where the kind does not say it


Kind = Literal["calls", "output_tokens", "cost"]


@dataclass(frozen=True, kw_only=True)
class Ceiling:
    """What is left of something that runs may share: a mission's day, an agent's, money, calls.

    `left` is what finished runs have left over. `held` is how much each run that was in flight when
    the worker asked must be counted with: the gateway takes that off for those it does not serve
    itself, and what they really used for those it does.
    """

    key: str  # the same for all that share it
    kind: Kind
    left: Decimal
    sentence: str  # for people, when it is reached
    held: Mapping[str, Decimal] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        held = {run_id: str(amount) for run_id, amount in self.held.items()}
        return {**asdict(self), "left": str(self.left), "held": held}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what `to_json` returned."""
        held = {run_id: Decimal(amount) for run_id, amount in values["held"].items()}
        return cls(**{**values, "left": Decimal(values["left"]), "held": held})


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """What a run may use by itself, and what is left of everything that it shares with others.

    Without a `charge` nobody knows what its calls cost.
    """

    calls: int
    output_tokens: int
    ends_at: float  # unix seconds
    charge: Charge | None = None
    ceilings: tuple[Ceiling, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "calls": self.calls,
            "output_tokens": self.output_tokens,
            "ends_at": self.ends_at,
            "charge": self.charge.to_json() if self.charge else None,
            "ceilings": [ceiling.to_json() for ceiling in self.ceilings],
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what `to_json` returned."""
        charge = values["charge"]
        return cls(
            calls=values["calls"],
            output_tokens=values["output_tokens"],
            ends_at=values["ends_at"],
            charge=Charge.from_json(charge) if charge else None,
            ceilings=tuple(Ceiling.from_json(ceiling) for ceiling in values["ceilings"]),
        )


@dataclass(frozen=True, kw_only=True)
class Registration:
    """One run that may call models until it is finished. `directory` gets its records."""

    run_id: str
    mission_id: int
    token: str = field(repr=False)
    upstream: Upstream
    allowance: Allowance
    directory: Path

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "run_id": self.run_id,
            "mission_id": self.mission_id,
            "token": self.token,
            "upstream": asdict(self.upstream),
            "allowance": self.allowance.to_json(),
            "directory": str(self.directory),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what `to_json` returned."""
        return cls(
            run_id=values["run_id"],
            mission_id=values["mission_id"],
            token=values["token"],
            upstream=Upstream(**values["upstream"]),
            allowance=Allowance.from_json(values["allowance"]),
            directory=Path(values["directory"]),
        )


@dataclass(frozen=True, kw_only=True)
class CallRecord:
    """What is known of one call.

    Tokens are `None` where nothing is known (the provider never began a reply); `is_estimated` says
    that they were counted by length, not told by the provider. A call that has begun and not ended
    has no failure and is not complete. `cost` is US dollars as text, `None` where the price or the
    tokens are not known; the prices are those it was counted with, for a million tokens.
    """

    number: int  # from 1, per run
    started_at: float  # unix seconds
    seconds: float
    status: int | None  # what the provider answered
    input_tokens: int | None
    output_tokens: int | None
    cached_tokens: int | None
    is_estimated: bool
    finish_reason: str | None
    is_complete: bool
    failure: Failure | None
    detail: str
    cache_write_tokens: int | None = None  # they and `cached_tokens` are part of the input
    cost: str | None = None
    input_price: str | None = None
    output_price: str | None = None
    is_price_assumed: bool = False
    retry_after: float | None = None  # seconds from its end that the provider asks to wait

    @property
    def dollars(self) -> Decimal | None:
        """What it cost; `None` when that is not known."""
        return None if self.cost is None else Decimal(self.cost)

    @property
    def was_made(self) -> bool:
        """Whether anyone was asked: a call that the allowance forbade is none, and is free."""
        return self.failure != "over_allowance" or self.status is not None

    def to_json(self) -> dict[str, Any]:
        """Return what `CallRecord(**values)` reads."""
        return asdict(self)

    def since(self, before: Self | None) -> dict[str, Any]:
        """Return what of it is new, and whose call it is; all of it where nothing was before."""
        if before is None:
            return self.to_json()
        known = vars(before)
        new = {name: value for name, value in vars(self).items() if value != known[name]}
        return {"number": self.number, **new}


@dataclass(frozen=True, kw_only=True)
class RunReport:
    """What a run used. `void` is the sentence that says why none of it may be taken.

    Among its calls are those that were refused before they were made: they say why it is void.
    """

    run_id: str
    calls: tuple[CallRecord, ...]
    void: str | None
    input_tokens: int
    output_tokens: int
    cost: Decimal  # of the calls whose cost is known

    @classmethod
    def of(cls, run_id: str, calls: tuple[CallRecord, ...], void: str | None) -> Self:
        """Build it, adding up the tokens that are known."""
        return cls(
            run_id=run_id,
            calls=calls,
            void=void,
            input_tokens=sum(call.input_tokens or 0 for call in calls),
            output_tokens=sum(call.output_tokens or 0 for call in calls),
            cost=sum((call.dollars or NOTHING for call in calls), NOTHING),
        )

    def to_json(self) -> dict[str, Any]:
        """Return what `from_json` reads."""
        return {
            "run_id": self.run_id,
            "calls": [call.to_json() for call in self.calls],
            "void": self.void,
        }

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """Build it from what `to_json` returned."""
        calls = tuple(CallRecord(**call) for call in values["calls"])
        return cls.of(values["run_id"], calls, values["void"])


@dataclass(frozen=True, kw_only=True)
class GatewayHealth:
    """How the gateway process does. `pid` and `port` are `None` while there is none."""

    is_alive: bool
    pid: int | None
    port: int | None
    restarts: int
    runs: int  # registered and not finished
    calls: int  # under way


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """How much, how long and how often; the same for every run."""

    request_bytes: int = 8 * 1024 * 1024
    reply_bytes: int = 32 * 1024 * 1024
    tries: int = 3  # the first one included
    first_pause: float = 0.5  # seconds between tries, doubled each time
    longest_pause: float = 20.0  # a provider that asks for more is not waited for
    connect_seconds: float = 10.0
    first_byte_seconds: float = 300.0  # a model may think for minutes before it begins
    silence_seconds: float = 120.0  # between two pieces of a reply


def read_calls(directory: Path) -> tuple[CallRecord, ...]:
    """Return the calls of the run that wrote to this folder, in order, each as last recorded.

    A line is a whole record, or what is new in it. Lines that are torn are passed over: the last
    one may be after a crash.
    """
    try:
        lines = (directory / CALLS_FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return ()
    calls: dict[int, dict[str, Any]] = {}
    for line in lines:
        try:
            values = json.loads(line)
            known = calls.get(values["number"]) or vars(CallRecord(**values))
            if values.keys() <= known.keys():
                calls[values["number"]] = known | values
        except (ValueError, TypeError, LookupError):
            continue
    return tuple(CallRecord(**calls[number]) for number in sorted(calls))
