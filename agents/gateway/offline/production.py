"""production.md: one section a requirement. Sections that say something are never touched."""

from collections.abc import Sequence

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.coverage import Section, read_sections
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
    lines = _opening(old, voice)
    room = MAX_BYTES - len(old.encode())
    order = [requirement.number for requirement in requirements]
    for requirement in wanted:
        section = draft_section(requirement, kin, said, voice)
        room -= len("\n".join(section).encode()) + 4
        if room < 0:
            break
        lines = _placed(lines, section, requirement.number, order)
    return "\n".join(lines).rstrip("\n") + "\n"


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


def _placed(lines: list[str], section: list[str], number: int, order: list[int]) -> list[str]:
    """Put a section where its number belongs: in the place of its empty one, or else after the
    section that comes before it in the specifications, or else before the one that follows."""
    sections = {section.number: section for section in read_sections("\n".join(lines))}
    if number in sections:
        return _inserted(lines, _body(section), sections[number].line + 1, sections[number])
    rank = order.index(number)
    before = next((sections[n] for n in reversed(order[:rank]) if n in sections), None)
    if before is not None:
        return _inserted(lines, section, before.line + 1 + len(before.body))
    after = next((sections[n] for n in order[rank + 1 :] if n in sections), None)
    return _inserted(lines, section, after.line if after else len(lines))


def _body(section: list[str]) -> list[str]:
    return section[2:]


def _inserted(
    lines: list[str], new: list[str], at: int, replaced: Section | None = None
) -> list[str]:
    """Insert `new` at line `at`, one blank line on either side; an empty section's body goes."""
    head = lines[:at]
    tail = lines[at + (len(replaced.body) if replaced else 0) :]
    while head and not head[-1].strip():
        head = head[:-1]
    while tail and not tail[0].strip():
        tail = tail[1:]
    return [*head, *([""] if head else []), *new, *([""] if tail else []), *tail]
