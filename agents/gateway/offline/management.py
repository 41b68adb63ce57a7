"""management.md: one task a requirement, ticked when it is covered, and how the team is."""

import re
from collections.abc import Iterator, Sequence

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.coverage import compare
from agents.gateway.offline.keeping import renew
from agents.gateway.offline.phrases import Voice, find, identify
from agents.gateway.offline.requirements import Requirement, specified_requirements
from agents.gateway.offline.sentences import read_request
from agents.gateway.offline.titles import title_for

PATH = "management.md"
MEMBER = re.compile(r"agent (?P<role>[\w-]+): (?P<state>[A-Z_]+), last outcome (?P<outcome>\w+)")
KEPT = {
    "specifications": "`specifications.md`",
    "production": "`production.md`, `production/`",
    "evaluation": "`evaluation.md`",
    "suivi": "`suivi.md`",
    "duplication": "`duplication.md`",
}


def write(brief: Brief, voice: Voice) -> dict[str, str]:
    """Return `management.md` with the tasks as they stand."""
    request = read_request(brief.text("demande.md"))
    requirements = specified_requirements(request, brief.text("specifications.md"))
    done = _done(brief)
    lines = [voice.say("management.title"), "", voice.say("management.keeper"), ""]
    if requirements:
        lines += _tasks(requirements, done, voice)
    else:
        lines.append(voice.say("management.empty"))
    lines += _team(brief, voice)
    return {PATH: renew(brief.text(PATH), "\n".join(lines), identify("management"))}


def _tasks(requirements: Sequence[Requirement], done: set[int], voice: Voice) -> Iterator[str]:
    count = sum(requirement.number in done for requirement in requirements)
    progress = "complete" if count == len(requirements) else "progress"
    yield from (voice.say("management.label"), "")
    yield from (voice.say(f"management.{progress}", done=count, count=len(requirements)), "")
    yield from (voice.say("management.tasks"), "")
    for requirement in requirements:
        yield voice.say(
            "management.done" if requirement.number in done else "management.open",
            number=requirement.number,
            title=title_for(requirement.sentence),
        )


def _done(brief: Brief) -> set[int]:
    """Return the requirements that have a section and that the evaluation counts as covered. When
    nobody evaluates, the section alone decides."""
    covered = set(compare(brief.text("specifications.md"), brief.text("production.md")).covered)
    evaluation = brief.text("evaluation.md")
    if not evaluation.strip() or ("evaluation", "STOPPED") in _states(brief):
        return covered
    return covered & {int(row["number"]) for row in find("evaluation.ok_row", evaluation)}


def _states(brief: Brief) -> set[tuple[str, str]]:
    return {(member["role"], member["state"]) for member in _members(brief)}


def _members(brief: Brief) -> list[re.Match[str]]:
    return [match for fact in brief.facts if (match := MEMBER.match(fact))]


def _team(brief: Brief, voice: Voice) -> Iterator[str]:
    """Yield the team's table: who keeps what. States and outcomes pass, and no run is due when
    they do, so a file that told them would soon be wrong."""
    members = _members(brief)
    if not members:
        return
    yield from ("", voice.say("management.team"), "")
    yield from (voice.say("management.team_head"), voice.say("management.rule"))
    for member in members:
        name = voice.roles.get(member["role"], member["role"])
        kept = KEPT.get(member["role"], voice.word("nothing"))
        yield voice.say("management.member", agent=name, kept=kept)
