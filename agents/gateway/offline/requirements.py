"""The numbered requirements of a mission: a number keeps its sentence for good.

Numbers are read back from `specifications.md` and from the quotations in `production.md`, so that
they survive the loss of either. A sentence that is new takes the next number that was never used;
a sentence that left the request gives its number up, and the number is retired.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from agents.gateway.offline.blocks import Heading
from agents.gateway.offline.coverage import lines_outside_fences, read_sections
from agents.gateway.offline.phrases import find
from agents.gateway.offline.sentences import Request, Sentence, key

MAX_REQUIREMENTS = 1500
MAX_NUMBER = 99_999

LISTED = re.compile(
    r"^[ \t]*(?:[-*+][ \t]+|#{1,6}[ \t]+|\|[ \t]*)?[*_]{0,3}R(\d{1,6})\b[*_]{0,3}"
    r"(?: \*\([^)]*\)\*)?[ \t\u00a0]*(?:[—–:.|-][*_]{0,3}[ \t]*)?(.*)$"
)
QUOTED = re.compile(r"«[ \u00a0\u202f](.*)[ \u00a0\u202f]»|“(.*)”|‘(.*)’")
CONTEXT_WORDS = 5
MAX_CONTEXT = 2


@dataclass(frozen=True)
class Requirement:
    """A sentence of the request with its number; `context` holds what stands around it."""

    number: int
    sentence: Sentence
    context: tuple[str, ...]

    @property
    def text(self) -> str:
        return self.sentence.text

    @property
    def headings(self) -> tuple[Heading, ...]:
        return self.sentence.headings


@dataclass(frozen=True)
class Register:
    """All requirements in the order of the request, the numbers that are no longer in use, and
    how many sentences found no room."""

    requirements: tuple[Requirement, ...]
    retired: tuple[int, ...]
    left_out: int


def number_requirements(request: Request, specifications: str, production: str) -> Register:
    """Give every obliging sentence of `request` the number it has, or a new one."""
    obliging = [sentence for sentence in request.sentences if sentence.obliges]
    kept = obliging[:MAX_REQUIREMENTS]
    listed = dict(_listed(specifications))
    known = dict([*_drafted(production), *listed.items()])
    former = _former(specifications)
    used = {*known.values(), *former, *(s.number for s in read_sections(production))}
    numbers = _assign(kept, known, max((n for n in used if n <= MAX_NUMBER), default=0))
    context = _context(request.sentences)
    requirements = tuple(
        Requirement(numbers[key(s.text)], s, context.get(key(s.text), ())) for s in kept
    )
    active = set(numbers.values())
    retired = tuple(sorted((former | set(listed.values())) - active))
    return Register(requirements, retired, len(obliging) - len(kept))


def specified_requirements(request: Request, specifications: str) -> tuple[Requirement, ...]:
    """Return the requirements that `specifications.md` lists, in its order, with what the request
    says around each."""
    context = _context(request.sentences)
    known = {key(sentence.text): sentence for sentence in request.sentences}
    found: dict[int, Requirement] = {}
    for text, number in _in_order(specifications):
        sentence = known.get(key(text))
        if sentence is None:
            sentence = Sentence(text, (), -1, -1, obliges=True)
        found.setdefault(number, Requirement(number, sentence, context.get(key(text), ())))
    return tuple(found.values())


def _in_order(specifications: str) -> Iterator[tuple[str, int]]:
    """Yield (sentence, number) of every line that begins with a requirement's number."""
    for line in lines_outside_fences(specifications):
        match = LISTED.match(line)
        if match and int(match[1]) <= MAX_NUMBER:
            text = match[2].strip(" |\u00a0\u202f")
            quoted = QUOTED.fullmatch(text)
            said = next(filter(None, quoted.groups()), "") if quoted else text
            yield said or f"R{match[1]}", int(match[1])


def _assign(sentences: Iterable[Sentence], known: dict[str, int], last: int) -> dict[str, int]:
    numbers: dict[str, int] = {}
    taken: set[int] = set()
    for sentence in sentences:
        number = known.get(key(sentence.text))
        if number is not None and number not in taken:
            numbers[key(sentence.text)] = number
            taken.add(number)
    for sentence in sentences:
        if key(sentence.text) not in numbers:
            last += 1
            numbers[key(sentence.text)] = last
    return numbers


def _listed(specifications: str) -> Iterator[tuple[str, int]]:
    """Yield (sentence key, number) of each requirement line; of two with one sentence the first
    counts."""
    seen: set[str] = set()
    for phrase in ("specifications.advice", "specifications.requirement"):
        for line in find(phrase, specifications):
            text = key(line["sentence"])
            if text not in seen:
                seen.add(text)
                yield text, int(line["number"])


def _drafted(production: str) -> Iterator[tuple[str, int]]:
    """Yield (sentence key, number) of each section that opens with a quotation."""
    for section in read_sections(production):
        quoted = [line[1:].strip() for line in section.body if line.startswith(">")]
        if quoted:
            yield key(" ".join(quoted)), section.number


def _former(specifications: str) -> set[int]:
    return {
        int(number)
        for line in find("specifications.retired", specifications)
        for number in line["numbers"].split(", ")
        if number.isdigit()
    }


def _context(sentences: Sequence[Sentence]) -> dict[str, tuple[str, ...]]:
    """Give each sentence that obliges nobody to one that does: in its own paragraph the one
    before it or else the next, elsewhere under its headings likewise."""
    around: dict[str, list[str]] = {}
    blocks: dict[int, list[int]] = {}
    groups: dict[int, list[int]] = {}
    for at, sentence in enumerate(sentences):
        if sentence.obliges:
            blocks.setdefault(sentence.block, []).append(at)
            groups.setdefault(sentence.group, []).append(at)
    for at, sentence in enumerate(sentences):
        near = blocks.get(sentence.block) or groups.get(sentence.group)
        is_lead = sentence.text.endswith(":")
        if sentence.obliges or not near or is_lead or len(sentence.text.split()) < CONTEXT_WORDS:
            continue
        before = [other for other in near if other < at]
        owner = sentences[before[-1] if before else near[0]]
        around.setdefault(key(owner.text), []).append(sentence.text)
    return {owner: tuple(texts[:MAX_CONTEXT]) for owner, texts in around.items()}
