"""What a comparison finds: two places, how they are alike, and how much."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["exact", "near", "code"]


@dataclass(frozen=True)
class Place:
    """Where a passage begins: its file, its line (from 1), the heading or function it stands in."""

    path: str
    line: int
    heading: str


@dataclass(frozen=True)
class Finding:
    """Two passages that say the same; `likeness` is 1 for the same words in the same order, or
    for code that differs in nothing but the names that it gives."""

    kind: Kind
    first: Place
    second: Place
    likeness: float
    text: str

    @property
    def percent(self) -> int:
        """Return the likeness for people; only what is the same is 100."""
        return 100 if self.likeness == 1 else min(99, round(self.likeness * 100))


@dataclass(frozen=True)
class Report:
    """All that was found, by file and line, and sentences about what was not compared."""

    findings: tuple[Finding, ...]
    notes: tuple[str, ...]
