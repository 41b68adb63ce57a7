"""duplication.md: the passages that stand twice in what the agents write.

A program has compared them already: its findings are facts of the message, and what stands here
is what they say.
"""

import re
from collections.abc import Iterator, Sequence

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.keeping import renew
from agents.gateway.offline.phrases import Voice, identify

PATH = "duplication.md"
COUNT = re.compile(r"repetitions found: (\d+)")
FINDING = re.compile(
    r"repetition \| (?P<kind>exact|near|code) \| (?P<percent>\d+) %"
    r" \| `(?P<path>[^`|]+)` line \d+ \| (?P<heading>[^|]+)"
    r" \| `(?P<other>[^`|]+)` line \d+ \| (?P<other_heading>[^|]+) \| (?P<excerpt>[^|]+)"
)


def write(brief: Brief, voice: Voice) -> dict[str, str]:
    """Return `duplication.md` with what a comparison has found."""
    watched = {path: text for path, text in brief.files.items() if _is_watched(path)}
    lines = [voice.say("duplication.title"), "", voice.say("duplication.keeper"), ""]
    if any(_has_prose(text) for text in watched.values()):
        lines += [voice.say("duplication.label"), ""]
        lines += _findings(brief.facts, voice)
    else:
        lines.append(voice.say("duplication.empty"))
    return {PATH: renew(brief.text(PATH), "\n".join(lines), identify("duplication"))}


def _findings(facts: Sequence[str], voice: Voice) -> Iterator[str]:
    count = sum(int(match[1]) for fact in facts if (match := COUNT.fullmatch(fact)))
    if not count:
        yield voice.say("duplication.none")
        return
    yield from (voice.say("duplication.found", count=count), "")
    for found in filter(None, map(FINDING.fullmatch, facts)):
        yield voice.say(
            f"duplication.{found['kind']}",
            place=_place(found["path"], found["heading"], voice),
            other=_place(found["other"], found["other_heading"], voice),
            excerpt=found["excerpt"],
        )


def _place(path: str, heading: str, voice: Voice) -> str:
    if heading == "-":
        return voice.word("in", path=path)
    return voice.word("under", path=path, heading=heading)


def _is_watched(path: str) -> bool:
    return path in ("specifications.md", "production.md") or path.startswith("production/")


def _has_prose(text: str) -> bool:
    return sum(bool(line.strip()) for line in text.split("\n")) > 3
