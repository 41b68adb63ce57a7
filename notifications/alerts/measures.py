"""What can be watched: every measure with its words, and how it is asked.

The app that owns a thing registers its measures in ``AppConfig.ready()``. A measure answers for
the installation (key ``None``) and for all missions at once, so that the cost of a look does not
grow with the number of rules. What is missing in its answer is nought; one that raises, or a value
of ``None``, is no answer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.utils.translation import gettext as _

from notifications.messages import Lazy
from notifications.models import AlertRule
from parallagon.core.errors import ValidationError

Unit = Literal["percent", "count", "seconds", "a_minute"]
Scope = Literal["installation", "mission"]
EVERYWHERE: Final[frozenset[Scope]] = frozenset({"installation", "mission"})
INSTALLATION: Final[frozenset[Scope]] = frozenset({"installation"})


class UnknownMeasure(ValidationError):  # noqa: N818 - says what was given
    """Nothing of that name is measured."""

    code = "unknown_measure"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What is asked: now, and over how long where the measure counts what happened."""

    now: datetime
    window: timedelta


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A value, what the measure's words of the cause name, and where to look (a path of ours)."""

    value: float | None = 0.0
    params: Mapping[str, Any] = field(default_factory=dict)
    link: str = ""


Answer = Mapping[int | None, Reading]


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One thing that can be watched.

    ``cause`` are words that name the parameters of a reading and its ``value``; ``labels`` make
    words of parameters that are codes. ``is_counted``: the value is counted
    over the rule's window, so it fires at once; any other must hold for the whole window.
    ``comparison``, ``threshold`` and ``window`` are what a new rule begins with.
    """

    key: str
    label: Lazy
    help: Lazy
    cause: Lazy
    unit: Unit
    read: Callable[[Question], Answer]
    scopes: frozenset[Scope] = EVERYWHERE
    is_counted: bool = False
    comparison: str = AlertRule.Comparison.ABOVE
    threshold: float
    window: int = AlertRule.Window.FIVE_MINUTES
    labels: Mapping[str, Callable[[str], Lazy]] = field(default_factory=dict)


MEASURES: Final[dict[str, Measure]] = {}


def register(*measures: Measure) -> None:
    """Add measures; the same key again replaces what it was."""
    MEASURES.update({measure.key: measure for measure in measures})


def measure(key: str) -> Measure:
    """Return a measure by its key.

    Raises:
        UnknownMeasure: there is none.
    """
    try:
        return MEASURES[key]
    except KeyError as error:
        sentence = _("Nothing is measured under the name “%(key)s”.") % {"key": key[:40]}
        raise UnknownMeasure(sentence, measure=key[:40]) from error
