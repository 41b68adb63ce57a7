"""Which requirements speak of the same thing: those that share words which few others have."""

import re
from collections import defaultdict
from collections.abc import Iterable

from agents.gateway.offline.requirements import Requirement
from agents.gateway.offline.sentences import key

WORD = re.compile(r"[^\W\d_]{5,}")
STEM = 6
"""Letters of a word that count: enough to tell words apart, few enough to bring forms together."""

MAX_SHARED = 4
MAX_NEAREST = 3
COMMON = {
    "should", "doiven", "devron", "devrai", "pouvoi", "their", "there", "which", "every", "after",
    "before", "about", "where", "other", "toutes", "chaque", "autres", "autre", "sans", "avoir",
    "least", "within", "depuis", "moins", "pendan", "entre", "leurs", "cette", "without", "withou",
}  # fmt: skip


class Kinship:
    """The requirements of a mission by the rarer words of their sentences."""

    def __init__(self, requirements: Iterable[Requirement]) -> None:
        self._holders: dict[str, list[int]] = defaultdict(list)
        for requirement in requirements:
            for stem in _stems(requirement):
                self._holders[stem].append(requirement.number)

    def nearest(self, requirement: Requirement) -> list[int]:
        """Return the numbers of up to three requirements that share its rarer words, sorted."""
        shared: dict[int, float] = defaultdict(float)
        for stem in sorted(_stems(requirement)):
            holders = self._holders[stem]
            if len(holders) <= MAX_SHARED:
                for number in holders:
                    shared[number] += 1 / len(holders)
        shared.pop(requirement.number, None)
        closest = sorted(shared, key=lambda n: (-shared[n], abs(n - requirement.number), n))
        return sorted(closest[:MAX_NEAREST])


def _stems(requirement: Requirement) -> set[str]:
    words = WORD.findall(key(requirement.text))
    return {word[:STEM] for word in words} - COMMON
