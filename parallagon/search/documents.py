"""What there is to be found in a mission, and what of it the index does not have as it is."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone

from agents.models import AgentRun
from agents.retention import is_kept
from agents.runlog import read_log
from agents.selectors import run_directory
from missions.models import Event, Mission, MissionFile
from missions.selectors import blob_text
from missions.standard import REQUEST
from parallagon.core.errors import FileOperationError
from parallagon.search.models import SearchEntry

LONGEST: Final = 500_000
"""Letters of a file that are looked through: more words may not fit into a ``tsvector``."""
LAST_WORDS: Final = 2000
"""Letters of the end of a run's log; what comes before is of the same kind, and long."""
WITH_LOG: Final = "log"
Kind = SearchEntry.Kind


@dataclass(frozen=True, kw_only=True)
class Document:
    """An entry as it should be, and the text by which it is found."""

    entry: SearchEntry
    text: str


def stale_documents(mission: Mission, *, after: int) -> Iterator[Document]:
    """Yield what the index does not have, or has otherwise; texts are read one at a time.

    Every file is compared; runs are those that finished since the event ``after``, all if negative.
    """
    there = MissionFile.objects.filter(mission=mission).present().order_by("path")
    files = list(there.select_related("current", "entry"))
    yield from _mission(mission, files)
    for file in files:
        key, blob = f"file:{file.pk}", _hash(file)
        # By its key: an entry that is given the file would be the file's own.
        wanted = _entry(key, Kind.FILE, mission, file_id=file.pk, name=file.path, source=blob)
        wanted.at = file.current.created_at if file.current else mission.updated_at
        if not _is_same(getattr(file, "entry", None), wanted):
            yield Document(entry=wanted, text=_text(wanted.source))
    for run in _finished_runs(mission, after).select_related("agent", "entry").iterator():
        document = _run(mission, run)
        if not _is_same(getattr(run, "entry", None), document.entry):
            yield document


def entries_of_gone_files(mission: Mission) -> list[int]:
    """Return the keys of the entries of files that are not there any more."""
    gone = SearchEntry.objects.filter(mission=mission, kind=Kind.FILE, file__is_removed=True)
    return list(gone.values_list("pk", flat=True))


def _mission(mission: Mission, files: Sequence[MissionFile]) -> Iterator[Document]:
    """Yield the mission itself, found by its title and its request."""
    request = next((_hash(file) for file in files if file.path == REQUEST), "")
    key = f"mission:{mission.pk}"
    wanted = _entry(key, Kind.MISSION, mission, name=mission.title, source=request)
    wanted.at = mission.created_at
    if not _is_same(SearchEntry.objects.filter(key=key).first(), wanted):
        yield Document(entry=wanted, text=_text(request))


def _finished_runs(mission: Mission, after: int) -> QuerySet[AgentRun]:
    """Return runs that did something; a skipped one has nothing to tell."""
    runs = AgentRun.objects.filter(mission=mission, state=AgentRun.State.FINISHED)
    runs = runs.exclude(outcome=AgentRun.Outcome.SKIPPED).order_by("queued_at")
    if after < 0:
        return runs
    told = Event.objects.filter(mission=mission, seq__gt=after, type="run.finished")
    return runs.filter(pk__in=[event.data["run"] for event in told])


def _run(mission: Mission, run: AgentRun) -> Document:
    """Return a run by its reason, the files it changed, what it was asked and its last words."""
    is_said = is_kept(run, timezone.now())
    said = "".join(line["text"] for line in _log(run)) if is_said else ""
    asked = run.instructions.values_list("text", flat=True)
    changed = [str(change.get("path", "")) for change in run.changes if isinstance(change, dict)]
    parts = [run.reason, *asked, " ".join(changed), said[-LAST_WORDS:]]
    text = "\n".join(part for part in parts if part).replace("\0", "")
    entry = _entry(f"run:{run.pk}", Kind.RUN, mission, run_id=run.pk, text=text)
    entry.source = WITH_LOG if said else ""
    entry.at = run.finished_at or run.queued_at
    return Document(entry=entry, text=f"{run.agent.role}\n{text}")


def _log(run: AgentRun) -> list[dict[str, str]]:
    try:
        return [line for line in read_log(run_directory(run.pk)) if line.get("stream") == "log"]
    except (OSError, UnicodeDecodeError):
        return []


def _entry(key: str, kind: Kind, mission: Mission, **fields: object) -> SearchEntry:
    return SearchEntry(key=key, kind=kind, mission=mission, language=mission.language, **fields)


def _is_same(known: SearchEntry | None, wanted: SearchEntry) -> bool:
    names = ("name", "source", "text", "language", "version")
    return known is not None and all(getattr(known, n) == getattr(wanted, n) for n in names)


def _hash(file: MissionFile) -> str:
    return (file.current.blob_id if file.current else None) or ""


def _text(blob: str) -> str:
    """Return a content's words; one that is missing or damaged is found by its name alone."""
    try:
        return blob_text(blob or None)[:LONGEST]
    except FileOperationError:
        return ""
