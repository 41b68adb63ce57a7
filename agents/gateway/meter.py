"""Count what runs use, against their own allowance and what they share with others.

Pure: no clock, no files. Token estimates take four characters for one token until the provider
tells its own count.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from agents.gateway.protocol import NOTHING, Allowance, Ceiling, Kind

CHARACTERS_PER_TOKEN = 4
REMEMBERED_RUNS: Final = 500
"""Finished runs whose use is kept: their worker writes it into the ledger within moments."""


def estimate_tokens(characters: int) -> int:
    """Return about how many tokens a text of this length has."""
    return -(-characters // CHARACTERS_PER_TOKEN)


@dataclass
class Counter:
    """What runs in flight use of one thing they share, and what those before them used."""

    used: Decimal = NOTHING
    runs: dict[str, RunMeter] = field(default_factory=dict)

    def stop_holding_for(self, run_id: str) -> None:
        """Let the others have what was held for a run: from now on its use is counted here."""
        for run in self.runs.values():
            for bound in run.bounds:
                if bound.counter is self:
                    bound.last += bound.ceiling.held.get(run_id, NOTHING)


class Meter:
    """What all runs of this gateway use."""

    def __init__(self) -> None:
        self._counters: dict[tuple[str, Kind], Counter] = {}
        self._finished: OrderedDict[str, RunMeter] = OrderedDict()

    def enter(self, run_id: str, allowance: Allowance) -> RunMeter:
        """Return the meter of a run that begins."""
        run = RunMeter(run_id=run_id, allowance=allowance)
        for ceiling in allowance.ceilings:
            counter = self._counters.setdefault((ceiling.key, ceiling.kind), Counter())
            counter.stop_holding_for(run_id)
            run.bounds.append(Bound(ceiling=ceiling, counter=counter, last=self._last(ceiling)))
            counter.runs[run_id] = run
        return run

    def _last(self, ceiling: Ceiling) -> Decimal:
        """Return how far the counter may go.

        What is left was computed without the runs in flight. Those of this gateway are taken off
        with what they used so far; those of others, and ours that have ended and may not be
        settled yet, with what is held for them. Settled ones were in that computation, so what the
        counter knows of them comes on again.
        """
        counter = self._counters[ceiling.key, ceiling.kind]
        in_flight = sum((run.used[ceiling.kind] for run in counter.runs.values()), NOTHING)
        others = NOTHING
        for run_id, amount in ceiling.held.items():
            if run_id not in counter.runs:
                finished = self._finished.get(run_id)
                others += max(amount, finished.used[ceiling.kind]) if finished else amount
        return counter.used - in_flight + ceiling.left - others

    def leave(self, run: RunMeter) -> None:
        """Take a finished run out of those in flight; what it used stays counted for the others."""
        for bound in run.bounds:
            del bound.counter.runs[run.run_id]
            if not bound.counter.runs:
                del self._counters[bound.ceiling.key, bound.ceiling.kind]
        self._finished[run.run_id] = run
        if len(self._finished) > REMEMBERED_RUNS:
            self._finished.popitem(last=False)


@dataclass(kw_only=True)
class Bound:
    """How far one run lets a counter go."""

    ceiling: Ceiling
    counter: Counter
    last: Decimal


@dataclass(eq=False, kw_only=True)
class RunMeter:
    """What one run used, and how far the counters it shares may go for it."""

    run_id: str
    allowance: Allowance
    bounds: list[Bound] = field(default_factory=list)
    used: dict[Kind, Decimal] = field(
        default_factory=lambda: {"calls": NOTHING, "output_tokens": NOTHING, "cost": NOTHING}
    )

    def begin_call(self, cost: Decimal = NOTHING) -> str | None:
        """Count a call that begins; return the sentence that forbids it instead, if one does.

        `cost` is what its question alone will cost.
        """
        if self.used["calls"] >= self.allowance.calls:
            return f"the run's allowance of {self.allowance.calls} model calls was used up"
        needed: dict[Kind, Decimal] = {
            "calls": Decimal(1),
            "output_tokens": Decimal(1),
            "cost": cost,
        }
        if sentence := self._sentence(needed):
            return sentence
        self._count("calls", Decimal(1))
        self._count("cost", cost)
        return None

    def count(self, *, output_tokens: int, cost: Decimal = NOTHING) -> str | None:
        """Count what a reply grew by (negative: an estimate was too high); say if it is too much.

        Returns the sentence for people, or `None` while all is well.
        """
        self._count("output_tokens", Decimal(output_tokens))
        self._count("cost", cost)
        return self._sentence({"output_tokens": NOTHING, "cost": NOTHING})

    def _count(self, kind: Kind, amount: Decimal) -> None:
        self.used[kind] += amount
        for bound in self.bounds:
            if bound.ceiling.kind == kind:
                bound.counter.used += amount

    def _sentence(self, needed: dict[Kind, Decimal]) -> str | None:
        """Return which bound would be crossed if so much more were used."""
        tokens = needed["output_tokens"]
        if self.used["output_tokens"] + tokens > self.allowance.output_tokens:
            return (
                f"the run's allowance of {self.allowance.output_tokens} output tokens was used up"
            )
        for bound in self.bounds:
            more = needed.get(bound.ceiling.kind)
            if more is not None and bound.counter.used + more > bound.last:
                return bound.ceiling.sentence
        return None
