"""specifications.md: the sentences of the request that oblige, numbered, under its own headings."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from agents.gateway.offline.analysis import vague_words
from agents.gateway.offline.blocks import Heading
from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.keeping import Naming, renew
from agents.gateway.offline.phrases import Voice, identify
from agents.gateway.offline.requirements import Register, Requirement, number_requirements
from agents.gateway.offline.sentences import key, read_request
from agents.gateway.offline.values import values

PATH = "specifications.md"
MAX_BYTES = 700_000
MAX_RETIRED = 2000
"""Retired numbers that are listed, the highest: with them none is ever given twice."""

HEADING = re.compile(r"(#{1,6}) ")


def write(brief: Brief, voice: Voice) -> dict[str, str]:
    """Return `specifications.md` as the request wants it, with people's own lines kept."""
    old = brief.text(PATH)
    register = number_requirements(
        read_request(brief.text("demande.md")), old, brief.text("production.md")
    )
    lines = _compose(register, voice)
    if sum(len(line.encode()) + 1 for line in lines) > MAX_BYTES:
        lines = _compose(_fitting(register), voice)
    return {PATH: renew(old, "\n".join(lines), _naming(old))}


def _compose(register: Register, voice: Voice) -> list[str]:
    say = voice.say
    lines = [say("specifications.title"), "", say("specifications.keeper"), ""]
    if not register.requirements:
        lines.append(say("specifications.none"))
    else:
        lines += [say("specifications.label"), ""]
        lines.append(say("specifications.counts", counts=_counts(register.requirements, voice)))
        lines += _listing(register.requirements, voice)
        lines += _vague(register.requirements, voice)
        lines += _values(register.requirements, voice)
    if register.retired:
        numbers = ", ".join(str(number) for number in register.retired[-MAX_RETIRED:])
        lines += ["", say("specifications.retired", numbers=numbers)]
    if register.left_out:
        lines += ["", say("specifications.left_out", count=register.left_out)]
    return lines


def _counts(requirements: Sequence[Requirement], voice: Voice) -> str:
    count = len(requirements)
    advice = sum(requirement.sentence.is_advice for requirement in requirements)
    text = voice.word("one_requirement") if count == 1 else voice.word("requirements", count=count)
    if advice:
        text += voice.word("one_advice") if advice == 1 else voice.word("advice", count=advice)
    return text


def _listing(requirements: Iterable[Requirement], voice: Voice) -> Iterator[str]:
    """Yield the requirements under the headings of the request, each heading once."""
    path: tuple[Heading, ...] | None = None
    said: set[str] = set()
    for requirement in requirements:
        if requirement.headings != path:
            yield from _headings(requirement.headings, path or (), voice)
            path = requirement.headings
            yield ""
        phrase = "advice" if requirement.sentence.is_advice else "requirement"
        yield voice.say(
            f"specifications.{phrase}", number=requirement.number, sentence=requirement.text
        )
        for part in requirement.sentence.parts:
            if key(part) not in said:
                said.add(key(part))
                yield voice.say("specifications.part", part=part)


def _headings(
    wanted: tuple[Heading, ...], path: tuple[Heading, ...], voice: Voice
) -> Iterator[str]:
    if not wanted:
        yield from ("", voice.say("specifications.general"))
    for depth, heading in enumerate(wanted):
        if heading not in path:
            yield from ("", f"{'#' * min(depth + 2, 6)} {heading.text or '…'}")


def _vague(requirements: Iterable[Requirement], voice: Voice) -> list[str]:
    rows = [
        voice.say("specifications.vague_row", number=requirement.number, words=", ".join(words))
        for requirement in requirements
        if (words := vague_words(requirement.text))
    ]
    head = [voice.say("specifications.vague_head"), voice.say("specifications.rule")]
    why = ["", voice.say("specifications.vague"), "", voice.say("specifications.vague_why"), ""]
    return [*why, *head, *rows] if rows else []


def _values(requirements: Iterable[Requirement], voice: Voice) -> list[str]:
    rows = [
        voice.say(
            "specifications.values_row",
            number=requirement.number,
            values=voice.word("list").join(found),
        )
        for requirement in requirements
        if (found := values(requirement.text))
    ]
    head = [voice.say("specifications.values_head"), voice.say("specifications.rule")]
    return ["", voice.say("specifications.values"), "", *head, *rows] if rows else []


def _fitting(register: Register) -> Register:
    """Keep the first requirements that one file can carry, quotation and tables together."""
    room = MAX_BYTES - 20_000
    kept = 0
    for requirement in register.requirements:
        room -= 2 * len(requirement.text.encode()) + sum(
            len(part.encode()) + 12 for part in requirement.sentence.parts
        )
        if room < 0:
            break
        kept += 1
    left_out = register.left_out + len(register.requirements) - kept
    return Register(register.requirements[:kept], register.retired, left_out)


def _naming(old: str) -> Naming:
    """Name the writer's own lines, headings of former requests included: one is the writer's when
    a requirement stands below it."""
    name = identify("specifications")
    former = _former_headings(old.split("\n"), name)
    return lambda line: name(line) or ("specifications.heading" if line in former else None)


def _former_headings(lines: list[str], name: Callable[[str], str | None]) -> set[str]:
    former: set[str] = set()
    open_headings: list[tuple[int, str]] = []
    for line in lines:
        match = HEADING.match(line)
        if match:
            level = len(match[1])
            open_headings = [item for item in open_headings if item[0] < level]
            open_headings.append((level, line))
        elif (name(line) or "").startswith(("specifications.requirement", "specifications.advice")):
            former.update(text for level, text in open_headings if level > 1)
    return former
