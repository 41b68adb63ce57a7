"""One thing that was found, good or bad."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

Level = Literal["fine", "warning", "problem"]


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A sentence about one thing, and another one on what to do; ``code`` is for programs.

    ``problem``: something does not work. ``warning``: it works, and might not for long, or is
    less safe than it could be.
    """

    level: Level
    code: str
    sentence: str
    advice: str = ""

    def scrubbed(self, scrub: Callable[[str], str]) -> "Finding":
        """Return the finding without secrets."""
        return replace(self, sentence=scrub(self.sentence), advice=scrub(self.advice))


def fine(code: str, sentence: str) -> Finding:
    return Finding(level="fine", code=code, sentence=sentence)


def warning(code: str, sentence: str, advice: str) -> Finding:
    return Finding(level="warning", code=code, sentence=sentence, advice=advice)


def problem(code: str, sentence: str, advice: str) -> Finding:
    return Finding(level="problem", code=code, sentence=sentence, advice=advice)
