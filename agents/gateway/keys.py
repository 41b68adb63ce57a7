"""Read providers' keys, and keep them out of everything that is written."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path

HIDDEN = "[key]"
# Servers at home take any word ("none", "EMPTY"): hiding those would only garble what is written.
SHORTEST_SECRET = 8


class KeyUnreadable(Exception):  # noqa: N818 - says what happened
    """The file that should hold a key cannot be read; the text says which."""


def has_key(name: str, environment: Mapping[str, str]) -> bool:
    """Tell whether the variable, or the one that names its file, is set."""
    return bool(environment.get(name, "").strip() or environment.get(f"{name}_FILE", "").strip())


def read_key(name: str, environment: Mapping[str, str]) -> str | None:
    """Return the key in the variable `name` or in the file `name`_FILE; `None` when neither is set.

    Raises KeyUnreadable when the file is named and cannot be read or holds nothing usable.
    """
    if key := environment.get(name, "").strip():
        return _one_line(key, name)
    path = environment.get(f"{name}_FILE", "").strip()
    if not path:
        return None
    try:
        key = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnreadable(f"The file that {name}_FILE names cannot be read.") from error
    if not key:
        raise KeyUnreadable(f"The file that {name}_FILE names is empty.")
    return _one_line(key, f"{name}_FILE")


def _one_line(key: str, name: str) -> str:
    """Return the key, refusing one that would not stand in a header."""
    if not (key.isascii() and key.isprintable()):
        raise KeyUnreadable(f"{name} does not hold a key: it has characters that no key has.")
    return key


class Scrubber:
    """Replaces keys by a mark, wherever a text carries them, also as JSON spells them."""

    def __init__(self) -> None:
        self._spellings: tuple[str, ...] = ()

    def learn(self, keys: Iterable[str | None]) -> None:
        """Hide these keys too, from now on."""
        spellings = set(self._spellings)
        for key in keys:
            if key and len(key) >= SHORTEST_SECRET:
                spellings |= {key, json.dumps(key)[1:-1]}
        # Longest first: a key may be the beginning of another.
        self._spellings = tuple(sorted(spellings, key=lambda spelling: (-len(spelling), spelling)))

    def clean(self, text: str) -> str:
        """Return the text without any known key."""
        for spelling in self._spellings:
            text = text.replace(spelling, HIDDEN)
        return text


class ScrubbingFormatter(logging.Formatter):
    """Formats log lines, traces included, without keys."""

    def __init__(self, scrubber: Scrubber) -> None:
        super().__init__("%(asctime)s %(levelname)s gateway: %(message)s")
        self._scrubber = scrubber

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, keys hidden."""
        return self._scrubber.clean(super().format(record))
