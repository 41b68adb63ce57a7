"""Which caps a run stands under: its own, its agent's day, its mission, the installation's day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal, Self

from django.conf import settings
from django.db.models import Q

from agents.gateway.protocol import Kind
from agents.models import Agent, Budget

ScopeName = Literal["run", "agent_day", "mission_day", "mission", "day"]
NOTHING: Final = Decimal(0)
KINDS: Final[Sequence[Kind]] = ("cost", "output_tokens", "calls")


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """US dollars, output tokens and calls: used, held or needed."""

    dollars: Decimal = NOTHING
    tokens: int = 0
    calls: int = 0

    def __add__(self, other: "Amounts") -> "Amounts":
        return Amounts(
            dollars=self.dollars + other.dollars,
            tokens=self.tokens + other.tokens,
            calls=self.calls + other.calls,
        )

    def of(self, kind: Kind) -> Decimal:
        """Return the amount of one kind."""
        return {
            "cost": self.dollars,
            "output_tokens": Decimal(self.tokens),
            "calls": Decimal(self.calls),
        }[kind]


@dataclass(frozen=True, kw_only=True)
class Caps:
    """How much may be used; ``None``: no cap."""

    dollars: Decimal | None = None
    tokens: int | None = None
    calls: int | None = None

    @classmethod
    def by_setting(cls, prefix: str) -> Self:
        """Return the installation's caps, such as those of ``PARALLAGON_MISSION_DAY_…``."""
        return cls(
            dollars=getattr(settings, f"{prefix}_DOLLARS"),
            tokens=getattr(settings, f"{prefix}_TOKENS"),
            calls=getattr(settings, f"{prefix}_CALLS"),
        )

    def of(self, kind: Kind) -> Decimal | None:
        """Return the cap of one kind."""
        cap = {"cost": self.dollars, "output_tokens": self.tokens, "calls": self.calls}[kind]
        return None if cap is None else Decimal(cap)

    def raises(self, other: Self) -> bool:
        """Tell whether these caps allow more of anything than the others do."""
        return any(self._allows_more(other, kind) for kind in KINDS)

    def _allows_more(self, other: Self, kind: Kind) -> bool:
        mine, theirs = self.of(kind), other.of(kind)
        return theirs is not None and (mine is None or mine > theirs)


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Something with caps: ``own`` ones where it has them, the installation's otherwise."""

    name: ScopeName
    key: str  # the same for all who share it, another one each day
    setting: str
    own: Caps
    calls: Q  # which calls of the ledger count
    mission_id: int | None = None
    agent_id: int | None = None

    @property
    def caps(self) -> Caps:
        default = Caps.by_setting(self.setting)
        return Caps(
            dollars=default.dollars if self.own.dollars is None else self.own.dollars,
            tokens=default.tokens if self.own.tokens is None else self.own.tokens,
            calls=default.calls if self.own.calls is None else self.own.calls,
        )

    @property
    def is_of_a_day(self) -> bool:
        return self.name != "mission"

    def covers(self, *, mission_id: int, agent_id: int) -> bool:
        """Tell whether what this agent uses counts here."""
        return self.mission_id in {None, mission_id} and self.agent_id in {None, agent_id}


def scopes_of(*, mission_id: int, agent: Agent | None, today: date) -> list[Scope]:
    """Return the scopes whose caps a run of the agent stands under, the narrowest first.

    Without an agent, those of the mission and the installation. One query.
    """
    budget = Budget.objects.filter(pk=mission_id).first()
    return [*_of_agent(agent, today), *_of_mission(mission_id, budget, today), _of_all(today)]


def _of_agent(agent: Agent | None, today: date) -> Iterator[Scope]:
    if agent is not None:
        yield Scope(
            name="agent_day",
            key=f"agent {agent.pk} {today}",
            setting="PARALLAGON_AGENT_DAY",
            own=Caps(dollars=agent.day_dollars, tokens=agent.day_tokens, calls=agent.day_calls),
            calls=Q(agent_id=agent.pk, day=today),
            mission_id=agent.mission_id,
            agent_id=agent.pk,
        )


def _of_mission(mission_id: int, budget: Budget | None, today: date) -> Iterator[Scope]:
    day = budget and Caps(
        dollars=budget.day_dollars, tokens=budget.day_tokens, calls=budget.day_calls
    )
    total = budget and Caps(dollars=budget.dollars, tokens=budget.tokens, calls=budget.calls)
    yield Scope(
        name="mission_day",
        key=f"mission {mission_id} {today}",
        setting="PARALLAGON_MISSION_DAY",
        own=day or Caps(),
        calls=Q(mission_id=mission_id, day=today),
        mission_id=mission_id,
    )
    yield Scope(
        name="mission",
        key=f"mission {mission_id}",
        setting="PARALLAGON_MISSION",
        own=total or Caps(),
        calls=Q(mission_id=mission_id),
        mission_id=mission_id,
    )


def _of_all(today: date) -> Scope:
    return Scope(
        name="day",
        key=f"installation {today}",
        setting="PARALLAGON_DAY",
        own=Caps(),
        calls=Q(day=today),
    )
