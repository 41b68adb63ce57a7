"""Files under `production/` that the request names: the requirements, heading by heading."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from agents.gateway.offline.analysis import vague_words
from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.drafting import NAMED
from agents.gateway.offline.keeping import renew
from agents.gateway.offline.phrases import Voice, identify
from agents.gateway.offline.requirements import Requirement
from agents.gateway.offline.titles import title_for
from agents.gateway.offline.values import read_values

MAX_FILES = 10


def write_deliverables(
    brief: Brief, requirements: Sequence[Requirement], voice: Voice
) -> dict[str, str]:
    """Return the text of each named file that the writer may make or has made."""
    written = {}
    for path in _named(requirements)[:MAX_FILES]:
        if path in brief.editable or _may_create(path, brief):
            new = "\n".join(_compose(path, requirements, voice))
            written[path] = renew(brief.text(path), new, identify("deliverable"))
    return written


def _named(requirements: Sequence[Requirement]) -> list[str]:
    found = (match for requirement in requirements for match in NAMED.findall(requirement.text))
    return list(dict.fromkeys(found))


def _may_create(path: str, brief: Brief) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in brief.creatable)


def _compose(path: str, requirements: Sequence[Requirement], voice: Voice) -> Iterator[str]:
    asking = [r.number for r in requirements if path in r.text]
    yield from (_title(path), "", voice.say("deliverable.label"), "")
    yield from (voice.say("deliverable.asked", numbers=voice.numbers(asking)), "")
    yield from (voice.say("deliverable.lots"), "")
    yield from (voice.say("deliverable.head"), voice.say("deliverable.rule"))
    for name, lot in _lots(requirements, voice).items():
        numbers = voice.numbers([requirement.number for requirement in lot])
        yield voice.say("deliverable.row", name=name, numbers=numbers)
    yield from _dates(requirements, voice)
    yield from _open(requirements, voice)


def _dates(requirements: Sequence[Requirement], voice: Voice) -> list[str]:
    rows = []
    for requirement in requirements:
        found = [value.text for value in read_values(requirement.text) if value.kind == "date"]
        if found:
            title = title_for(requirement.sentence)
            values = voice.word("list").join(found)
            row = {"number": requirement.number, "title": title, "values": values}
            rows.append(voice.say("deliverable.dates_row", **row))
    head = [voice.say("deliverable.dates_head"), voice.say("deliverable.dates_rule")]
    return ["", voice.say("deliverable.dates"), "", *head, *rows] if rows else []


def _open(requirements: Sequence[Requirement], voice: Voice) -> list[str]:
    rows = [
        voice.say("deliverable.open_row", number=requirement.number, words=", ".join(words))
        for requirement in requirements
        if (words := vague_words(requirement.text))
    ]
    return ["", voice.say("deliverable.open"), "", *rows] if rows else []


def _lots(requirements: Sequence[Requirement], voice: Voice) -> dict[str, list[Requirement]]:
    lots: dict[str, list[Requirement]] = {}
    for requirement in requirements:
        name = requirement.headings[0].text if requirement.headings else voice.word("general")
        lots.setdefault(name.replace("|", "/"), []).append(requirement)
    return lots


def _title(path: str) -> str:
    words = PurePosixPath(path).stem.replace("_", " ").replace("-", " ").strip()
    return f"# {words[:1].upper()}{words[1:]}"
