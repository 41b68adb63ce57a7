"""When agents go round in circles, as pure rules over a bounded window of what they did.

A window holds what agents wrote since a person last did something: what happens after a person's
change has a cause, and is no loop.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from missions.diff import Budget, matching_blocks, split_lines

RETURNS: Final = 2
"""So often a file may come back to a text that it had: A → B → A → B is the second time."""
DETOUR: Final = 4
"""A file that took so many changes to come back at once has made no net change."""
TURNS: Final = 6
"""So often two agents may rewrite sections of one name in turn, each in a file of its own, …"""
TURNS_IN_A_FILE: Final = 4
"""… and the same section of the same file."""
MOST_READ: Final = 2 * TURNS
REFUSALS: Final = 3
FAILURES: Final = 5
"""So often an agent may fail alike, a few minutes in all, before it is more than bad luck."""
COST_TIMES: Final = 5
COST_KNOWN: Final = 5
"""An average of fewer runs says nothing."""
COST_LEAST: Final = Decimal("0.01")
"""Dollars: what costs less is never too dear."""

HEADING: Final = re.compile(r"#{1,6}[ \t]+(.+?)[ \t#]*$")
FENCE: Final = re.compile(r" {0,3}(`{3,}|~{3,})")
COMPARISONS: Final = 20_000


@dataclass(frozen=True, kw_only=True)
class Step:
    """One revision by an agent: ``before`` and ``after`` are hashes, ``None`` where no file was."""

    role: str
    file: int
    path: str
    before: str | None
    after: str | None
    sections: frozenset[str] = frozenset()
    """The headings under which it changed or removed lines."""


@dataclass(frozen=True, kw_only=True)
class Circle:
    """Agents go round: ``kind`` is one of ``Agent.Loop``, ``roles`` are those who do."""

    kind: str
    roles: tuple[str, ...]
    path: str
    count: int
    section: str = ""


Watches = Callable[[str, str], bool]
"""Whether a role is woken by a path."""


# -- A → B → A ---------------------------------------------------------------------------------


def find_return(steps: Sequence[Step], *, watches: Watches) -> Circle | None:
    """Return the circle that the last of ``steps``, the oldest first, closes by an old text."""
    last = steps[-1]
    own = [step for step in steps if step.file == last.file]
    came_back = _returns(own)
    if not came_back or came_back[-1] is not last:
        return None
    if len(came_back) >= RETURNS:
        others = [step for step in steps if step.file != last.file]
        drivers = {step.role for step in came_back}
        drivers |= {step.role for step in _returns_by_file(others) if _mutual(step, last, watches)}
        return Circle(
            kind="returned",
            roles=tuple(sorted(drivers)),
            path=last.path,
            count=len(came_back),
        )
    detour = _detour(own)
    if detour < DETOUR:
        return None
    roles = tuple(sorted({step.role for step in own[-detour:]}))
    return Circle(kind="no_change", roles=roles, path=last.path, count=detour)


def _returns(own: Sequence[Step]) -> list[Step]:
    """Return the steps after which a file had a text that it had had before."""
    known = {own[0].before} if own else set()
    found = []
    for step in own:
        if step.after in known and step.after != step.before:
            found.append(step)
        known.add(step.after)
    return found


def _returns_by_file(steps: Sequence[Step]) -> Iterator[Step]:
    for file in {step.file for step in steps}:
        yield from _returns([step for step in steps if step.file == file])


def _detour(own: Sequence[Step]) -> int:
    """Return how many changes ago a file had the text that it has now."""
    texts = [own[0].before, *(step.after for step in own)]
    now = texts.pop()
    return len(texts) - max(index for index, text in enumerate(texts) if text == now)


def _mutual(one: Step, other: Step, watches: Watches) -> bool:
    """Return whether each is woken by what the other wrote: only then they can go on for ever."""
    return (
        one.role != other.role
        and (one.file == other.file or watches(one.role, other.path))
        and (one.file == other.file or watches(other.role, one.path))
    )


# -- the same passage in turn ------------------------------------------------------------------


def worth_reading(steps: Sequence[Step], *, watches: Watches) -> list[Step]:
    """Return the last steps of those who may rewrite in turn; none while there are too few turns.

    What they rewrote is known only by reading texts, which is not worth it for others.
    """
    last = steps[-1]
    partners = {step.role for step in steps if _mutual(step, last, watches)}
    among = [step for step in steps if step.role in {last.role, *partners}][-MOST_READ:]
    return among if len(_turns(among)) >= TURNS_IN_A_FILE else []


def find_turns(steps: Sequence[Step], *, watches: Watches) -> Circle | None:
    """Return the circle that the last of ``steps``, whose sections are known, closes."""
    last = steps[-1]
    for section in sorted(last.sections):
        rewrites = [step for step in steps if section in step.sections]
        for partner in sorted({step.role for step in rewrites if _mutual(step, last, watches)}):
            turns = _turns([s for s in rewrites if s.role in {last.role, partner}])
            files = {step.file for step in turns}
            if len(turns) >= (TURNS_IN_A_FILE if len(files) == 1 else TURNS):
                return Circle(
                    kind="rewritten",
                    roles=tuple(sorted({last.role, partner})),
                    path=last.path,
                    count=len(turns),
                    section=section,
                )
    return None


def _turns(steps: Sequence[Step]) -> list[Step]:
    """Keep the first step of each turn: what one agent does twice in a row is one."""
    return [
        step for index, step in enumerate(steps) if not index or steps[index - 1].role != step.role
    ]


# -- refusals, failures and cost ---------------------------------------------------------------


def is_refused_again(endings: Sequence[tuple[str, str]]) -> bool:
    """Return whether the last runs of an agent, as outcome and reason, were all refused alike."""
    last = endings[-REFUSALS:]
    return len(last) == REFUSALS and len(set(last)) == 1 and last[0][0] in {"rejected", "proposed"}


def failures_alike(newest_first: Sequence[str]) -> int:
    """Return how many runs in a row failed like the newest one, which did; codes, "" for none."""
    return next(
        (n for n, code in enumerate(newest_first) if code != newest_first[0]), len(newest_first)
    )


def times_too_dear(cost: Decimal | None, earlier: Sequence[Decimal]) -> int:
    """Return how many times its average a run cost, or 0 where that is nothing to worry about."""
    if cost is None or cost < COST_LEAST or len(earlier) < COST_KNOWN:
        return 0
    average = sum(earlier, Decimal(0)) / len(earlier)
    if cost <= average * COST_TIMES or not average:
        return 0
    return int(cost / average)


# -- Markdown ----------------------------------------------------------------------------------


def sections_changed(before: str, after: str) -> frozenset[str]:
    """Return the headings under which ``after`` has changed or removed lines of ``before``."""
    old, new = split_lines(before), split_lines(after)
    kept: set[int] = set()
    for start, _new, size in matching_blocks(old, new, Budget(COMPARISONS)):
        kept.update(range(start, start + size))
    headings = _headings(old)
    return frozenset(
        heading
        for index, (line, heading) in enumerate(zip(old, headings, strict=True))
        if index not in kept and line.strip() and heading
    )


def _headings(lines: Sequence[str]) -> list[str]:
    """Return the heading above each line; code between fences has none of its own."""
    found, heading, fence = [], "", ""
    for line in lines:
        if mark := FENCE.match(line):
            closes = fence and mark[1].startswith(fence)
            fence = "" if closes else fence or mark[1]
        elif not fence and (title := HEADING.match(line.rstrip("\n"))):
            heading = title[1]
        found.append(heading)
    return found
