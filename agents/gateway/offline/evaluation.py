"""evaluation.md: what is covered and what is not, counted; what it says is missing, it quotes."""

from collections.abc import Iterable, Iterator, Mapping

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.coverage import Coverage, compare, read_sections
from agents.gateway.offline.keeping import renew
from agents.gateway.offline.phrases import Voice, identify
from agents.gateway.offline.requirements import Requirement, specified_requirements
from agents.gateway.offline.sentences import read_request
from agents.gateway.offline.titles import title_for
from agents.gateway.offline.values import lacks

PATH = "evaluation.md"
LONGEST = 100
"""Characters of a quotation, about."""

INNER_MARKS = str.maketrans("«“»”", "‘‘’’")


def write(brief: Brief, voice: Voice) -> dict[str, str]:
    """Return `evaluation.md` with the counts as they are and every gap by its number."""
    coverage = compare(brief.text("specifications.md"), brief.text("production.md"))
    lines = [voice.say("evaluation.title"), "", voice.say("evaluation.keeper"), ""]
    if coverage.total:
        lines += _findings(brief, coverage, voice)
    else:
        lines.append(voice.say("evaluation.empty"))
    if coverage.orphans:
        lines += ["", voice.say("evaluation.orphans"), ""]
        lines += _orphans(brief, coverage, voice)
    return {PATH: renew(brief.text(PATH), "\n".join(lines), identify("evaluation"))}


def _findings(brief: Brief, coverage: Coverage, voice: Voice) -> Iterator[str]:
    request = read_request(brief.text("demande.md"))
    specified = specified_requirements(request, brief.text("specifications.md"))
    requirements = {requirement.number: requirement for requirement in specified}
    yield from (voice.say("evaluation.label"), "", voice.say("evaluation.balance"), "")
    yield voice.say("evaluation.total", count=coverage.total)
    yield voice.say("evaluation.covered", count=len(coverage.covered))
    yield voice.say("evaluation.uncovered", count=coverage.uncovered)
    if not coverage.uncovered:
        yield from ("", voice.say("evaluation.all"))
    yield from _rows("missing", coverage.missing, requirements, voice)
    yield from _rows("blank", coverage.empty, requirements, voice)
    yield from _lost(brief, coverage, requirements, voice)
    yield from ("", voice.say("evaluation.detail"), "")
    yield from (voice.say("evaluation.detail_head"), voice.say("evaluation.rule"))
    for number in sorted(requirements):
        row = "ok_row" if number in coverage.covered else "ko_row"
        title = title_for(requirements[number].sentence)
        yield voice.say(f"evaluation.{row}", number=number, title=title)


def _rows(
    kind: str, numbers: tuple[int, ...], requirements: Mapping[int, Requirement], voice: Voice
) -> Iterator[str]:
    if numbers:
        yield from ("", voice.say(f"evaluation.{kind}"), "")
    for number in numbers:
        said = requirements[number].text if number in requirements else f"R{number}"
        yield voice.say(f"evaluation.{kind}_row", number=number, quoted=_excerpt(said))


def _lost(
    brief: Brief, coverage: Coverage, requirements: Mapping[int, Requirement], voice: Voice
) -> Iterator[str]:
    """Yield the requirements whose section does not repeat the figures they give."""
    sections = {section.number: section for section in read_sections(brief.text("production.md"))}
    rows = [
        voice.say("evaluation.lost_row", number=number, values=_quoted(lost, voice))
        for number in coverage.covered
        if number in requirements
        and (lost := lacks(sections[number].text, requirements[number].text))
    ]
    if rows:
        yield from ("", voice.say("evaluation.lost"), "", *rows)


def _orphans(brief: Brief, coverage: Coverage, voice: Voice) -> Iterator[str]:
    headings = {s.number: s.heading for s in read_sections(brief.text("production.md"))}
    for number in coverage.orphans:
        quoted = _excerpt(headings[number].strip("# \t"))
        yield voice.say("evaluation.orphan_row", number=number, quoted=quoted)


def _quoted(texts: Iterable[str], voice: Voice) -> str:
    quoted = (voice.word("quoted", text=_excerpt(text)) for text in texts)
    return voice.word("list").join(quoted)


def _excerpt(text: str) -> str:
    """Return the beginning of a text, to stand between marks: its own ones become inner ones."""
    if len(text) > LONGEST:
        text = text[:LONGEST].rpartition(" ")[0] or text[:LONGEST]
        text += " …"
    return text.translate(INNER_MARKS)
