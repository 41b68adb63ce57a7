"""What the offline writer says, and how it knows its own words again.

Every line it writes of its own accord is a phrase with slots. The same phrases, read backwards,
tell its lines from those that people wrote into the same file: only the former are ever replaced.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter

from agents.gateway.offline import advice_en, advice_fr, phrases_en, phrases_fr

STABLE = {"number", "name", "agent"}
"""Slots that tell one line of a phrase from another; the rest may change from run to run."""


NESTED = "+nested"
QUOTED_SLOT = re.compile(r"«\u00a0(?P<french>\{\w+\})\u00a0»|“(?P<english>\{\w+\})”")


@dataclass(frozen=True)
class Voice:
    """One language of the writer."""

    phrases: Mapping[str, str]
    words: Mapping[str, str]
    roles: Mapping[str, str]
    states: Mapping[str, str]
    outcomes: Mapping[str, str]
    replies: Mapping[str, str]
    months: tuple[str, ...]
    approaches: Mapping[str, tuple[str, ...]]
    checks: Mapping[str, tuple[str, ...]]

    def say(self, phrase: str, **slots: object) -> str:
        """Return one of the lines that the writer can know again."""
        return _fill(self.phrases, phrase, slots)

    def word(self, word: str, **slots: object) -> str:
        return _fill(self.words, word, slots)

    def numbers(self, numbers: list[int] | tuple[int, ...]) -> str:
        """Return `R1, R2 and R5` in the language."""
        names = [f"R{number}" for number in numbers]
        if len(names) < 2:
            return "".join(names)
        return ", ".join(names[:-1]) + self.words["and"] + names[-1]


def _fill(texts: Mapping[str, str], name: str, slots: Mapping[str, object]) -> str:
    """Fill a text; one that quotes a quotation takes other marks, the words stay as they are."""
    nested = texts.get(name + NESTED)
    if nested and any(mark in str(slot) for slot in slots.values() for mark in _marks(texts[name])):
        return nested.format(**slots)
    return texts[name].format(**slots)


def _marks(text: str) -> str:
    return "«»" if "«" in text else "“”"


def voice(language: str) -> Voice:
    """Return the voice for `language`, English for one that the writer does not speak."""
    return _voices()["fr" if language == "fr" else "en"]


def typeset(text: str) -> str:
    """Put the no-break spaces of French typography where plain ones were typed, code apart."""
    parts = re.split(r"(`[^`]*`)", text)
    for index in range(0, len(parts), 2):
        part = re.sub(r" (?=[;!?])", "\u202f", parts[index])
        part = re.sub(r" (?=[:»])|(?<=«) |(?<=n°) ", "\u00a0", part)
        parts[index] = part
    return "".join(parts)


def identify(scope: str) -> Callable[[str], str | None]:
    """Return a function that names the phrase of `scope` that a line is, or returns None.

    Two lines have the same name when one is a newer version of the other.
    """
    patterns = _patterns(scope)

    def name(line: str) -> str | None:
        for phrase, pattern in patterns:
            match = pattern.fullmatch(line)
            if match:
                stable = [text for slot, text in match.groupdict().items() if slot in STABLE]
                return " ".join([phrase, *stable])
        return None

    return name


def find(phrase: str, text: str) -> list[dict[str, str]]:
    """Return the slots of every line of `text` that is this phrase, in any language."""
    patterns = [pattern for name, pattern in _patterns(phrase.split(".")[0]) if name == phrase]
    matches = (
        pattern.fullmatch(line.rstrip()) for line in text.split("\n") for pattern in patterns
    )
    return [match.groupdict() for match in matches if match]


@cache
def _voices() -> dict[str, Voice]:
    return {
        "en": _voice(phrases_en, advice_en, str),
        "fr": _voice(phrases_fr, advice_fr, typeset),
    }


def _voice(phrases: object, advice: object, setting: Callable[[str], str]) -> Voice:
    def table(module: object, name: str) -> dict[str, str]:
        texts = {key: setting(text) for key, text in getattr(module, name).items()}
        nested = {key + NESTED: QUOTED_SLOT.sub(_renest, text) for key, text in texts.items()}
        changed = {key: text for key, text in nested.items() if text != texts[key[: -len(NESTED)]]}
        return {**texts, **changed}

    def lists(name: str) -> dict[str, tuple[str, ...]]:
        tables: Mapping[str, tuple[str, ...]] = getattr(advice, name)
        return {key: tuple(setting(text) for text in texts) for key, texts in tables.items()}

    return Voice(
        phrases=table(phrases, "PHRASES"),
        words=table(phrases, "WORDS"),
        roles=table(phrases, "ROLES"),
        states=table(phrases, "STATES"),
        outcomes=table(phrases, "OUTCOMES"),
        replies=table(phrases, "REPLIES"),
        months=phrases.MONTHS,  # type: ignore[attr-defined]  # one of the two tables of phrases
        approaches=lists("APPROACHES"),
        checks=lists("CHECKS"),
    )


def _renest(match: re.Match[str]) -> str:
    return f"“{match['french']}”" if match["french"] else f"‘{match['english']}’"


@cache
def _patterns(scope: str) -> list[tuple[str, re.Pattern[str]]]:
    return [
        (name.removesuffix(NESTED), _pattern(text))
        for spoken in _voices().values()
        for name, text in spoken.phrases.items()
        if name.split(".")[0] == scope
    ]


def _pattern(text: str) -> re.Pattern[str]:
    """Turn a phrase into the pattern of the lines it makes."""
    pattern = ""
    for literal, slot, _, _ in Formatter().parse(text):
        pattern += re.escape(literal)
        if slot is not None:
            pattern += f"(?P<{slot}>{_slots().get(slot, '.+')})"
    return re.compile(pattern)


@cache
def _slots() -> dict[str, str]:
    """Return what may stand in a slot; anything, where nothing is said."""
    voices = _voices().values()
    agents = [re.escape(name) for spoken in voices for name in spoken.roles.values()]
    states = [re.escape(state) for spoken in voices for state in spoken.states.values()]
    number = "[0-9]+"
    return {
        "number": number,
        "count": number,
        "done": number,
        "numbers": "—|R?[0-9]+(?:(?:, | et | and )R?[0-9]+)*",
        "agent": "|".join([*agents, "[a-z][a-z0-9_-]*"]),
        "state": "|".join(states),
        "kept": "(?:`[^`|]+`(?:, )?)+|—",
    }
