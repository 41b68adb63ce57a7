"""Path patterns: which files of a mission a role writes, watches and reads.

`*` stands for anything inside one part of a path, `**` for anything at all, `?` for one
character. Everything else stands for itself, so `production.md` is a pattern too.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache
from itertools import combinations


def is_exact(pattern: str) -> bool:
    """Return whether `pattern` names one file and no other."""
    return not any(sign in pattern for sign in "*?")


def matches(pattern: str, path: str) -> bool:
    """Return whether the relative POSIX `path` is one of those that `pattern` stands for."""
    return _compiled(pattern).fullmatch(path) is not None


def matches_any(patterns: Iterable[str], path: str) -> bool:
    return any(matches(pattern, path) for pattern in patterns)


def overlap(one: str, other: str) -> bool:
    """Return whether some path, existing or not, matches both patterns."""
    return _overlap(_tokens(one), _tokens(other))


def clashes(owned: Mapping[str, Iterable[str]]) -> list[tuple[str, str, str, str]]:
    """Return (role, pattern, role, pattern) for every two roles that could write one file."""
    pairs = [(role, pattern) for role, patterns in owned.items() for pattern in patterns]
    return [
        (role, pattern, other_role, other)
        for (role, pattern), (other_role, other) in combinations(pairs, 2)
        if role != other_role and overlap(pattern, other)
    ]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    signs = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.compile(
        "".join(signs.get(token) or re.escape(token) for token in _tokens(pattern)), re.DOTALL
    )


def _tokens(pattern: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\*\*|.", pattern, re.DOTALL))


def _overlap(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Walk both patterns at once; `reached` holds the positions that one path can come to."""
    reached = {(0, 0)}
    pending = [(0, 0)]
    while pending:
        i, j = pending.pop()
        if i == len(one) and j == len(other):
            return True
        for step in _steps(one, i, other, j):
            if step not in reached:
                reached.add(step)
                pending.append(step)
    return False


def _steps(one: tuple[str, ...], i: int, other: tuple[str, ...], j: int) -> list[tuple[int, int]]:
    left = one[i] if i < len(one) else None
    right = other[j] if j < len(other) else None
    steps = []
    if left in ("*", "**"):
        steps.append((i + 1, j))
        if right is not None and _takes(left, right):
            steps.append((i, j + 1))
    if right in ("*", "**"):
        steps.append((i, j + 1))
        if left is not None and _takes(right, left):
            steps.append((i + 1, j))
    if left is not None and right is not None and _same(left, right):
        steps.append((i + 1, j + 1))
    return steps


def _takes(star: str, other: str) -> bool:
    return star == "**" or other != "/"


def _same(left: str, right: str) -> bool:
    return left == right or ("?" in (left, right) and "/" not in (left, right))
