"""duplication.md: the passages that stand twice in what the agents write."""

from collections.abc import Iterator, Sequence

from agents.gateway.offline.conversation import Brief
from agents.gateway.offline.duplicates import Pair, Passage, find_duplicates
from agents.gateway.offline.keeping import renew
from agents.gateway.offline.phrases import Voice, identify

PATH = "duplication.md"
EXCERPT_WORDS = 18
MAX_LISTED = 60


def write(brief: Brief, voice: Voice) -> dict[str, str]:
    """Return `duplication.md` with what a comparison of words finds now."""
    watched = {path: text for path, text in brief.files.items() if _is_watched(path)}
    lines = [voice.say("duplication.title"), "", voice.say("duplication.keeper"), ""]
    if any(_has_prose(text) for text in watched.values()):
        lines += [voice.say("duplication.label"), ""]
        lines += _findings(find_duplicates(watched), voice)
    else:
        lines.append(voice.say("duplication.empty"))
    return {PATH: renew(brief.text(PATH), "\n".join(lines), identify("duplication"))}


def _findings(pairs: Sequence[Pair], voice: Voice) -> Iterator[str]:
    if not pairs:
        yield voice.say("duplication.none")
        return
    yield from (voice.say("duplication.found", count=len(pairs)), "")
    for pair in pairs[:MAX_LISTED]:
        yield voice.say(
            f"duplication.{pair.kind}",
            place=_place(pair.first, voice),
            other=_place(pair.second, voice),
            excerpt=_excerpt(pair.second.text),
        )


def _place(passage: Passage, voice: Voice) -> str:
    if not passage.heading:
        return voice.word("in", path=passage.path)
    return voice.word("under", path=passage.path, heading=passage.heading)


def _excerpt(text: str) -> str:
    words = text.split()
    cut = " ".join(words[:EXCERPT_WORDS])[:300]
    return cut if len(words) <= EXCERPT_WORDS else f"{cut}…"


def _is_watched(path: str) -> bool:
    return path in ("specifications.md", "production.md") or path.startswith("production/")


def _has_prose(text: str) -> bool:
    return sum(bool(line.strip()) for line in text.split("\n")) > 3
