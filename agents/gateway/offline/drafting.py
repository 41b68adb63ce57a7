"""One section of production.md: what the request itself gives to answer one requirement.

Each sentence is used once in a file, so a section draws on what no other section has said.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from agents.gateway.offline.analysis import cases, forbids
from agents.gateway.offline.families import family
from agents.gateway.offline.kinship import Kinship
from agents.gateway.offline.phrases import Voice
from agents.gateway.offline.requirements import Requirement
from agents.gateway.offline.sentences import key, split_sentences
from agents.gateway.offline.titles import title_for
from agents.gateway.offline.values import Value, read_values

MARKS = re.compile(r"^(?:[\s>]|[-*+•] |\d+[.)] |#+ |\|)*")
LEAD = re.compile(r"^\*\*[^*]{1,40}?:\*\*[ \u00a0]*")
NAMED = re.compile(r"(?<![\w/.])production/(?:\w[\w-]*/){0,5}\w[\w-]{0,60}\.(?:md|txt)(?![\w/])")
MAX_PARTS = 1200


class Said:
    """The sentences that a file already holds."""

    def __init__(self, text: str) -> None:
        self._keys: set[str] = set()
        for line in text.split("\n"):
            self._take(LEAD.sub("", MARKS.sub("", line)))

    def _take(self, text: str) -> None:
        self._keys.update(_sentence_key(sentence) for sentence in split_sentences(text))
        self._keys.add(_sentence_key(text))

    def is_new(self, text: str) -> bool:
        """Return whether no sentence of `text` stands in the file; if so, it does from now on."""
        keys = [_sentence_key(sentence) for sentence in split_sentences(text)]
        if any(sentence in self._keys for sentence in keys) or len(set(keys)) < len(keys):
            return False
        self._take(text)
        return True


def draft_section(requirement: Requirement, kin: Kinship, said: Said, voice: Voice) -> list[str]:
    """Return the lines of the section for `requirement`: its heading, a blank, its body."""
    sentence = requirement.sentence
    said.is_new(sentence.text)
    points = [
        *_context(requirement, said, voice),
        *_parts(requirement, said, voice),
        *_files(requirement, said, voice),
        *_approach(requirement, said, voice),
        *_acceptance(requirement, said, voice),
        *_related(requirement, kin, said, voice),
    ]
    heading = f"## R{requirement.number} — {title_for(sentence)}"
    quote = voice.say("production.quote", sentence=sentence.text)
    if not points:
        points = [voice.say("production.bare", number=requirement.number)]
    return [heading, "", quote, "", *points]


def _context(requirement: Requirement, said: Said, voice: Voice) -> list[str]:
    found = [text for text in requirement.context if said.is_new(text)]
    return [voice.say("production.context", text=" ".join(found))] if found else []


def _parts(requirement: Requirement, said: Said, voice: Voice) -> list[str]:
    parts = [part.rstrip(" ;,.\u00a0\u202f") for part in requirement.sentence.parts]
    fresh = [part for part in parts if part and said.is_new(part)]
    text = voice.word("list").join(fresh)[:MAX_PARTS]
    return [voice.say("production.parts", text=text)] if fresh else []


def _files(requirement: Requirement, said: Said, voice: Voice) -> list[str]:
    """Point at the file that the requirement names."""
    paths = dict.fromkeys(NAMED.findall(requirement.text))
    lines = [voice.say("production.file", path=path) for path in paths]
    return [line for line in lines if said.is_new(LEAD.sub("", MARKS.sub("", line)))]


def _approach(requirement: Requirement, said: Said, voice: Voice) -> list[str]:
    text = _unsaid(voice.approaches[family(requirement.text)], said)
    return [voice.say("production.approach", text=text)] if text else []


def _acceptance(requirement: Requirement, said: Said, voice: Voice) -> list[str]:
    """Say how to accept it: by its own values and cases, or else by what its kind suggests."""
    text = requirement.text
    own = [*_by_values(read_values(text), voice)]
    own += [voice.say("production.case", text=_lower(case)) for case in cases(text)[:1]]
    if forbids(text) and not own:
        own.append(voice.say("production.absence"))
    fresh = [sentence for sentence in own if said.is_new(_capital(sentence))]
    if not fresh:
        fresh = [_unsaid(voice.checks[family(text)], said)]
    joined = " ".join([fresh[0], *(_capital(sentence) for sentence in fresh[1:])])
    return [voice.say("production.acceptance", text=joined)] if joined else []


def _by_values(found: Sequence[Value], voice: Voice) -> Iterator[str]:
    for kind in ("amount", "money", "time", "date"):
        texts = [value.text for value in found if value.kind == kind]
        if texts:
            yield voice.say(f"production.{kind}", text=voice.word("list").join(texts))


def _unsaid(sentences: Iterable[str], said: Said) -> str:
    return next((sentence for sentence in sentences if said.is_new(sentence)), "")


def _related(requirement: Requirement, kin: Kinship, said: Said, voice: Voice) -> list[str]:
    near = kin.nearest(requirement)
    line = voice.say("production.related", text=voice.numbers(near))
    return [line] if near and said.is_new(LEAD.sub("", MARKS.sub("", line))) else []


def _sentence_key(text: str) -> str:
    return key(text).strip(" .;:!?…*_«»“”\"'()")


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
