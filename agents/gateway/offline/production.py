"""production.md: one section a requirement. Sections that say something are never touched."""

from collections.abc import Sequence

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.coverage import read_sections
from agents.gateway.offline.deliverables import write_deliverables
from agents.gateway.offline.drafting import Said, draft_section
from agents.gateway.offline.kinship import Kinship
from agents.gateway.offline.phrases import Voice, identify
from agents.gateway.offline.requirements import Requirement, specified_requirements
from agents.gateway.offline.sentences import read_request

PATH = "production.md"
MAX_BYTES = 950_000


def write(brief: Brief, voice: Voice) -> dict[str, str]:
    """Return `production.md` with every section that was missing or empty, and the files under
    `production/` that the request names."""
    request = read_request(brief.text("demande.md"))
    requirements = specified_requirements(request, brief.text("specifications.md"))
    old = brief.text(PATH)
    new = _fill(old, requirements, voice)
    return {PATH: new, **write_deliverables(brief, requirements, voice)}


def _fill(old: str, requirements: Sequence[Requirement], voice: Voice) -> str:
    written = {section.number: section for section in read_sections(old)}
    wanted = [
        requirement
        for requirement in requirements
        if requirement.number not in written or written[requirement.number].is_empty
    ]
    if not wanted:
        return old
    said = Said(old)
    kin = Kinship(requirements)
    room = MAX_BYTES - len(old.encode())
    drafts: dict[int, list[str]] = {}
    for requirement in wanted:
        draft = draft_section(requirement, kin, said, voice)
        room -= len("\n".join(draft).encode()) + 4
        if room < 0:
            break
        drafts[requirement.number] = draft
    order = [requirement.number for requirement in requirements]
    return "\n".join(_placed(_opening(old, voice), drafts, order)) + "\n"


def _opening(old: str, voice: Voice) -> list[str]:
    """Return the lines of the file without the template's placeholder, and with the label once."""
    name = identify("production")
    lines = [line for line in old.rstrip("\n").split("\n") if name(line) != "production.empty"]
    if any(name(line) == "production.label" for line in lines):
        return lines
    if not any(line.strip() for line in lines):
        lines = [voice.say("production.title"), "", voice.say("production.keeper")]
    at = next(
        (index for index, line in enumerate(lines) if name(line) == "production.keeper"),
        next((index for index, line in enumerate(lines) if line.startswith("# ")), -1),
    )
    rest = lines[at + 1 :]
    while rest and not rest[0].strip():
        rest = rest[1:]
    label = voice.say("production.label")
    return [*lines[: at + 1], *([""] if at >= 0 else []), label, *([""] if rest else []), *rest]


def _placed(lines: list[str], drafts: dict[int, list[str]], order: list[int]) -> list[str]:
    """Return the lines with each draft where its number belongs: in the place of its empty
    section, or else after the section that comes before it in the specifications, or else before
    the first that follows."""
    sections = {section.number: section for section in read_sections("\n".join(lines))}
    first = next((sections[number].line for number in order if number in sections), len(lines))
    insertions: dict[int, list[str]] = {}
    replaced: set[int] = set()
    at = first
    for number in order:
        section = sections.get(number)
        if section is not None:
            at = section.line + 1 + len(section.body)
        if number in drafts and section is not None:
            insertions[section.line + 1] = drafts[number][2:]
            replaced.update(range(section.line + 1, at))
        elif number in drafts:
            insertions.setdefault(at, []).extend(["", *drafts[number]])
    return _joined(lines, insertions, replaced)


def _joined(lines: list[str], insertions: dict[int, list[str]], replaced: set[int]) -> list[str]:
    """Insert texts before the lines of those numbers, one blank line on either side of each."""
    result: list[str] = []
    needs_blank = False
    for index, line in enumerate([*lines, ""]):
        if index in insertions:
            while result and not result[-1].strip():
                result.pop()
            text = insertions[index][not insertions[index][0] :]
            result += ["", *text] if result else text
            needs_blank = True
        if index in replaced or (needs_blank and not line.strip()):
            continue
        result += ["", line] if needs_blank else [line]
        needs_blank = False
    while result and not result[-1].strip():
        result.pop()
    return result
