"""Which requirements speak of the same thing: those that share words which few others have."""

import re
from collections import defaultdict
from collections.abc import Iterable

from agents.gateway.offline.blocks import Heading
from agents.gateway.offline.requirements import Requirement
from agents.gateway.offline.sentences import key

WORD = re.compile(r"[^\W\d_]{5,}")
STEM = 6
"""Letters of a word that count: enough to tell words apart, few enough to bring forms together."""

MAX_SHARED = 4
MAX_NEAREST = 3
COMMON = {
    *("should", "their", "there", "which", "every", "after", "before", "about", "where", "other"),
    *("three", "least", "within", "withou", "doiven", "devron", "devrai", "pouvoi", "toutes"),
    *("chaque", "autre", "autres", "avoir", "quatre", "vingt", "trente", "depuis", "moins"),
    *("pendan", "entre", "leurs", "cette"),
}


class Kinship:
    """The requirements of a mission by the rarer words of their sentences."""

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._holders: dict[str, list[int]] = defaultdict(list)
        self._headings: dict[int, tuple[Heading, ...]] = {}
        for requirement in requirements:
            self._headings[requirement.number] = requirement.headings
            for stem in _stems(requirement):
                self._holders[stem].append(requirement.number)

    def nearest(self, requirement: Requirement) -> list[int]:
        """Return up to three numbers, sorted: two rarer words shared, or one under its heading."""
        shared: dict[int, int] = defaultdict(int)
        for stem in _stems(requirement):
            for number in self._holders[stem] if len(self._holders[stem]) <= MAX_SHARED else ():
                shared[number] += 1
        own = requirement.number
        kin = [n for n in shared if n != own and shared[n] + self._is_near(n, own) > 1]
        closest = sorted(kin, key=lambda n: (-shared[n], abs(n - own), n))
        return sorted(closest[:MAX_NEAREST])

    def _is_near(self, one: int, other: int) -> bool:
        return self._headings[one] == self._headings[other]


def _stems(requirement: Requirement) -> set[str]:
    words = WORD.findall(key(requirement.text))
    return {word[:STEM] for word in words} - COMMON
