"""When a rule fires, and when that is over. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from notifications.models import AlertRule

State = AlertRule.State
SILENCE: Final = timedelta(minutes=5)
"""What gives no answer for so long is an alert itself."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What a rule asks for. Between ``threshold`` and ``clear_at`` it stays as it is."""

    comparison: str = AlertRule.Comparison.ABOVE
    threshold: float
    clear_at: float | None = None
    hold: timedelta = timedelta()
    cool_down: timedelta = timedelta()

    def is_breached(self, value: float) -> bool:
        """Tell whether the value is beyond the threshold."""
        return value >= self.threshold if self._is_above else value <= self.threshold

    def is_over(self, value: float) -> bool:
        """Tell whether the value is so far back that an alert is over."""
        if self.clear_at is None:
            return not self.is_breached(value)
        is_back = value <= self.clear_at if self._is_above else value >= self.clear_at
        return is_back and not self.is_breached(value)

    @property
    def _is_above(self) -> bool:
        return self.comparison == AlertRule.Comparison.ABOVE


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a rule stands: since when it is beyond, or without an answer, and when it ended last."""

    state: str = State.OK
    breached_since: datetime | None = None
    silent_since: datetime | None = None
    cleared_at: datetime | None = None

    def is_cooling(self, terms: Terms, *, now: datetime) -> bool:
        """Tell whether it ended so lately that it does not fire again yet."""
        return self.cleared_at is not None and now < self.cleared_at + terms.cool_down


def step(standing: Standing, value: float | None, terms: Terms, *, now: datetime) -> Standing:
    """Return how a rule stands after one more look, which found ``value`` or no answer."""
    if value is None:
        return _without_answer(standing, terms, now=now)
    heard = replace(standing, silent_since=None)
    if standing.state == State.FIRING:
        return _while_firing(heard, value, terms, now=now)
    if not terms.is_breached(value):
        state = State.CLEARED if standing.is_cooling(terms, now=now) else State.OK
        return replace(heard, state=state, breached_since=None)
    since = standing.breached_since or now
    is_ripe = now - since >= terms.hold and not standing.is_cooling(terms, now=now)
    return replace(heard, state=State.FIRING if is_ripe else State.PENDING, breached_since=since)


def rest(standing: Standing, *, now: datetime) -> Standing:
    """Return how a rule stands about which nothing is asked any more."""
    ended = now if standing.state == State.FIRING else standing.cleared_at
    return Standing(state=State.OK, cleared_at=ended)


def _while_firing(heard: Standing, value: float, terms: Terms, *, now: datetime) -> Standing:
    if terms.is_breached(value):
        return replace(heard, breached_since=heard.breached_since or now)
    # What fired for want of an answer was never beyond anything: an answer is its end.
    if heard.breached_since is None or terms.is_over(value):
        return replace(heard, state=State.CLEARED, breached_since=None, cleared_at=now)
    return heard


def _without_answer(standing: Standing, terms: Terms, *, now: datetime) -> Standing:
    since = standing.silent_since or now
    if standing.state == State.FIRING:
        return replace(standing, silent_since=since)
    if now - since >= SILENCE and not standing.is_cooling(terms, now=now):
        return replace(standing, state=State.FIRING, silent_since=since, breached_since=None)
    return replace(standing, state=State.NO_ANSWER, silent_since=since)
