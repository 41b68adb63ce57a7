"""The doctor: what is wrong with this installation, in sentences, with what to do about it.

Each module examines one thing and yields findings; ``examine()`` asks them all. Nothing is mended,
and nothing that is down keeps the rest from being examined.
"""

import logging
from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings

from parallagon.core.scrubbing import scrub
from parallagon.doctor import (
    broker,
    code,
    contradictions,
    database,
    engine,
    leftovers,
    models,
    place,
    web,
)
from parallagon.doctor.finding import Finding, problem

__all__ = ["Finding", "examine"]

logger = logging.getLogger(__name__)
Examination = Callable[[], Iterator[Finding]]

EXAMINATIONS: Final[dict[str, Examination]] = {
    "code": code.examine,
    "place": place.examine,
    "settings": contradictions.examine,
    "web": web.examine,
    "database": database.examine,
    "redis": broker.examine,
    "processes": broker.examine_processes,
    "leftovers": leftovers.examine,
    "sandbox": engine.examine_sandbox,
    "engine": engine.examine,
    "models": models.examine,
}


def examine(*, asks_models: bool = False) -> Iterator[Finding]:
    """Yield what is found, in the order in which it is best mended.

    Args:
        asks_models: also ask the providers whose keys are set, over the network.
    """
    for subject, examination in EXAMINATIONS.items():
        yield from _guarded(subject, examination)
    if asks_models:
        yield from _guarded("models", lambda: models.ask(settings.ENVIRONMENT))


def _guarded(subject: str, examination: Examination) -> Iterator[Finding]:
    """Yield findings without secrets; an examination that breaks is one, too."""
    try:
        for finding in examination():
            yield finding.scrubbed(scrub)
    except Exception as error:  # noqa: BLE001, RUF100 - half of what it asks may be down
        logger.debug("%s could not be examined", subject, exc_info=True)
        yield problem(
            f"{subject}.unknown",
            f"It could not be found out ({type(error).__name__}: {error}).",
            "Mend what is named above first, and look again.",
        ).scrubbed(scrub)
