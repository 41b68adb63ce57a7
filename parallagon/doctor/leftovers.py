"""What dead processes left, and what the sweeps could not mend."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from django.db import DatabaseError
from django.utils import timezone

from agents import leftovers
from agents.models import AgentRun
from missions.models import LandingRecord, Sweep
from parallagon.doctor.finding import Finding, fine, problem, warning

OPEN_FOR: Final = timedelta(minutes=3)
SILENT_FOR: Final = timedelta(minutes=3)
SWEPT_WITHIN: Final = timedelta(hours=3)


def examine() -> Iterator[Finding]:
    """Count what should have been finished or cleared away."""
    try:
        found = [*_landings(), *_runs(), *_folders(), *_sweeps()]
    except DatabaseError as error:
        yield warning(
            "leftovers.unknown",
            f"The database cannot tell what is left over: {str(error).strip()}.",
            "Mend the database first.",
        )
        return
    yield from found
    if not found:
        yield fine("leftovers.none", "Nothing is left over.")


def _landings() -> Iterator[Finding]:
    late = LandingRecord.objects.filter(
        state=LandingRecord.State.OPEN, created_at__lt=timezone.now() - OPEN_FOR
    )
    if count := late.count():
        yield problem(
            "leftovers.landings",
            f"{count} landings are not finished: files in folders may be old.",
            "They are finished every minute while the default worker runs; read its log.",
        )


def _runs() -> Iterator[Finding]:
    silent = AgentRun.objects.filter(
        state=AgentRun.State.RUNNING, heartbeat_at__lt=timezone.now() - SILENT_FOR
    )
    if count := silent.count():
        yield problem(
            "leftovers.runs",
            f"{count} runs have no worker any more: their agents wait.",
            "They are ended every few seconds while the default worker runs; read its log.",
        )


def _folders() -> Iterator[Finding]:
    orphans = list(leftovers.look(timezone.now(), False))
    if orphans:
        yield warning(
            "leftovers.folders",
            f"{len(orphans)} folders belong to no run, such as {orphans[0].path}.",
            "The hourly sweep removes them; or run manage.py check_files --mend.",
        )


def _sweeps() -> Iterator[Finding]:
    last = Sweep.objects.order_by("-pk").first()
    if last is None:
        return  # it has run for less than an hour
    if last.open_count:
        yield problem(
            "leftovers.findings",
            f"The last sweep found {last.open_count} things that it could not mend.",
            "See them with manage.py check_files, or in the admin.",
        )
    if timezone.now() - last.finished_at > SWEPT_WITHIN:
        yield warning(
            "leftovers.sweep",
            f"The last sweep was at {last.finished_at:%Y-%m-%d %H:%M} UTC; there is one an hour.",
            "Look whether the upkeep worker and the clock run.",
        )
