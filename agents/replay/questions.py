"""What was asked of the model then and now, compared."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Any, Final

from agents.gateway.protocol import TRANSCRIPT_FILE
from parallagon.core.scrubbing import scrub

MOST_LINES: Final = 20
LONGEST_LINE: Final = 200


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A call whose question is another one than it was; ``lines`` show where, shortly."""

    call: int
    lines: tuple[str, ...]


def differences(then: Path, now: Path) -> tuple[Difference, ...]:
    """Compare the questions in the transcripts of two folders, call by call.

    What a full transcript left out cannot be compared, and is passed over.
    """
    before, after = _questions(then), _questions(now)
    found = []
    for call in sorted({*before, *after}):
        one, other = before.get(call, {}), after.get(call, {})
        if one is not None and other is not None and one != other:
            found.append(Difference(call=call, lines=tuple(_diff(one, other))))
    return tuple(found)


def _questions(directory: Path) -> dict[int, Mapping[str, Any] | None]:
    """Return the question of each call; ``None`` where it was left out."""
    try:
        lines = (directory / TRANSCRIPT_FILE).read_bytes().splitlines()
    except FileNotFoundError:
        return {}
    entries = (json.loads(line) for line in lines)
    return {entry["call"]: entry["request"] for entry in entries if "request" in entry}


def _diff(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    lines = unified_diff(_lines(then), _lines(now), "then", "now", lineterm="", n=1)
    for line in islice(lines, MOST_LINES):
        yield scrub(line)[:LONGEST_LINE]


def _lines(question: Mapping[str, Any]) -> list[str]:
    """Spell a question out, the lines of its texts each on one of ours."""
    text = json.dumps(question, indent=1, ensure_ascii=False, sort_keys=True)
    return text.replace("\\n", "\n").splitlines()
