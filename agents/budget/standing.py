"""How much of each cap is used, by whom it matters to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

from agents.budget.caps import KINDS, Amounts, Scope, scopes_of
from agents.budget.sums import held, held_in, spent
from agents.gateway.protocol import Kind
from agents.models import Agent
from agents.scheduling import next_day

WARNS_AT: Final = Decimal("0.8")
Level = Literal["fine", "warning", "reached"]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One cap and how much of it is used; without a cap there is no share."""

    kind: Kind
    used: Decimal
    held: Decimal  # by runs at work
    cap: Decimal | None
    is_own: bool  # not the installation's default

    @property
    def share(self) -> float | None:
        """How much of the cap is used, from 0; a cap of nothing is used from the beginning."""
        if self.cap is None:
            return None
        return round(float(self.used / self.cap), 4) if self.cap else 1.0

    @property
    def level(self) -> Level:
        if self.cap is None or self.used < WARNS_AT * self.cap:
            return "fine"
        return "reached" if self.used >= self.cap else "warning"


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a scope stands; one of a day begins anew at ``renewed_at``."""

    scope: Scope
    measures: Sequence[Measure]
    renewed_at: datetime | None

    @property
    def level(self) -> Level:
        levels = {measure.level for measure in self.measures}
        return "reached" if "reached" in levels else "warning" if "warning" in levels else "fine"


def standings(*, mission_id: int, agent: Agent | None = None, now: datetime) -> list[Standing]:
    """Return how every scope of a mission, or of one of its agents, stands; three queries."""
    scopes = scopes_of(mission_id=mission_id, agent=agent, today=now.date())
    runs = held()
    used = spent(scopes)
    return [
        Standing(
            scope=scope,
            measures=_measures(
                scope,
                used[scope.key],
                sum((run.amounts for run in held_in(scope, runs)), Amounts()),
            ),
            renewed_at=next_day(now) if scope.is_of_a_day else None,
        )
        for scope in scopes
    ]


def _measures(scope: Scope, used: Amounts, holding: Amounts) -> list[Measure]:
    return [
        Measure(
            kind=kind,
            used=used.of(kind),
            held=holding.of(kind),
            cap=scope.caps.of(kind),
            is_own=scope.own.of(kind) is not None,
        )
        for kind in KINDS
    ]
