"""suivi.md: the journal, one line an event; it only grows."""

import re
from collections.abc import Iterable, Iterator

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.phrases import Voice, identify

PATH = "suivi.md"
MAX_BYTES = 900_000
EVENT = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})T(?P<time>\d{2}:\d{2}):\d{2}Z \| (?P<author>[^|]*)"
    r" \|(?P<path>[^|]*)\| revision (?P<revision>\d+) \| (?P<outcome>[^|]*)"
    r"(?: \| (?P<summary>.*))?"
)


def write(brief: Brief, voice: Voice) -> dict[str, str]:
    """Return `suivi.md` with the events of the facts that it does not hold yet, at its end."""
    events = [match for fact in brief.facts if (match := EVENT.fullmatch(fact))]
    old = brief.text(PATH)
    known = _known(old)
    fresh = list(_fresh(events, known, voice))
    if not fresh:
        return {}
    lines = _opening(old, voice)
    last_day = next((line for line in reversed(lines) if line.startswith("## ")), "")
    for day, entry in fresh:
        if day != last_day:
            lines += ["", day, ""]
            last_day = day
        lines.append(entry)
    return {PATH: _fitting(lines, voice)}


def _fresh(
    events: Iterable[re.Match[str]], known: set[tuple[str, str]], voice: Voice
) -> Iterator[tuple[str, str]]:
    """Yield (heading of the day, entry) of each event that is not yet written under its day."""
    for event in events:
        day = voice.say("suivi.day", date=_date(event["day"], voice))
        entry = voice.say("suivi.entry", time=event["time"], text=_sentence(event, voice))
        if (day, entry) not in known:
            known.add((day, entry))
            yield day, entry


def _known(old: str) -> set[tuple[str, str]]:
    known = set()
    day = ""
    for line in old.split("\n"):
        day = line if line.startswith("## ") else day
        known.add((day, line))
    return known


def _sentence(event: re.Match[str], voice: Voice) -> str:
    author = event["author"].strip()
    path = event["path"].strip()
    who = author or voice.word("someone")
    if author in voice.roles:
        who = voice.word("agent", name=voice.roles[author])
    what = voice.word("one_file", path=path) if path else voice.word("mission")
    if path and event["revision"] != "0":
        what += voice.word("revision", number=event["revision"])
    summary = (event["summary"] or "").strip()
    about = voice.word("about", text=summary.rstrip(".")) if summary else ""
    outcome = "external" if author == "external" else event["outcome"].strip()
    pattern = voice.outcomes.get(outcome, voice.outcomes["changed"])
    sentence = pattern.format(who=who, what=what, about=about)
    return sentence[:1].upper() + sentence[1:]


def _date(day: str, voice: Voice) -> str:
    year, month, number = day.split("-")
    is_first = voice.months[0] == "janvier" and number == "01"
    return f"{int(number)}{'er' if is_first else ''} {voice.months[int(month) - 1]} {year}"


def _opening(old: str, voice: Voice) -> list[str]:
    """Return the journal's lines without the template's placeholder, with the label once."""
    name = identify("suivi")
    lines = [line for line in old.rstrip("\n").split("\n") if name(line) != "suivi.empty"]
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        lines = [voice.say("suivi.title"), "", voice.say("suivi.keeper")]
    if not any(name(line) == "suivi.label" for line in lines):
        lines += ["", voice.say("suivi.label")]
    return lines


def _fitting(lines: list[str], voice: Voice) -> str:
    """Drop the oldest entries of a journal that outgrows a file; the revisions keep them."""
    size = sum(len(line.encode()) + 1 for line in lines)
    if size > MAX_BYTES:
        older = voice.say("suivi.older")
        first = next((i for i, line in enumerate(lines) if line.startswith("## ")), len(lines))
        head = [line for line in lines[:first] if line != older]
        tail = lines[first:]
        while tail and size > MAX_BYTES // 2:
            size -= len(tail.pop(0).encode()) + 1
        lines = [*head, older, "", *tail]
    return "\n".join(lines) + "\n"
