"""evaluation.md: what is covered and what is not, counted."""

from collections.abc import Iterator, Mapping

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.coverage import Coverage, compare, read_sections
from agents.gateway.offline.keeping import renew
from agents.gateway.offline.phrases import Voice, identify
from agents.gateway.offline.requirements import Requirement, specified_requirements
from agents.gateway.offline.sentences import read_request
from agents.gateway.offline.titles import title_for
from agents.gateway.offline.values import lacks

PATH = "evaluation.md"


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
        lines += [voice.say("evaluation.orphan_row", number=n) for n in coverage.orphans]
    return {PATH: renew(brief.text(PATH), "\n".join(lines), identify("evaluation"))}


def _findings(brief: Brief, coverage: Coverage, voice: Voice) -> Iterator[str]:
    request = read_request(brief.text("demande.md"))
    specified = specified_requirements(request, brief.text("specifications.md"))
    requirements = {requirement.number: requirement for requirement in specified}
    titles = {
        number: title_for(requirement.sentence) for number, requirement in requirements.items()
    }
    yield from (voice.say("evaluation.label"), "", voice.say("evaluation.balance"), "")
    yield voice.say("evaluation.total", count=coverage.total)
    yield voice.say("evaluation.covered", count=len(coverage.covered))
    yield voice.say("evaluation.uncovered", count=coverage.uncovered)
    if not coverage.uncovered:
        yield from ("", voice.say("evaluation.all"))
    yield from _rows("missing", coverage.missing, titles, voice)
    yield from _rows("blank", coverage.empty, titles, voice)
    yield from _lost(brief, coverage, requirements, voice)
    yield from ("", voice.say("evaluation.detail"), "")
    yield from (voice.say("evaluation.detail_head"), voice.say("evaluation.rule"))
    for number in sorted(titles):
        row = "ok_row" if number in coverage.covered else "ko_row"
        yield voice.say(f"evaluation.{row}", number=number, title=titles[number])


def _rows(
    kind: str, numbers: tuple[int, ...], titles: Mapping[int, str], voice: Voice
) -> Iterator[str]:
    if numbers:
        yield from ("", voice.say(f"evaluation.{kind}"), "")
    for number in numbers:
        title = titles.get(number, f"R{number}")
        yield voice.say(f"evaluation.{kind}_row", number=number, title=title)


def _lost(
    brief: Brief, coverage: Coverage, requirements: Mapping[int, Requirement], voice: Voice
) -> Iterator[str]:
    """Yield the requirements whose section does not repeat the figures they give."""
    sections = {section.number: section for section in read_sections(brief.text("production.md"))}
    rows = [
        voice.say("evaluation.lost_row", number=number, values=voice.word("list").join(lost))
        for number in coverage.covered
        if number in requirements
        and (lost := lacks(sections[number].text, requirements[number].text))
    ]
    if rows:
        yield from ("", voice.say("evaluation.lost"), "", *rows)
