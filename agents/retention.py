"""How long what agents went through and what their runs said is kept."""

import logging
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings

from agents.models import AgentRun, AgentTransition
from agents.selectors import runs_directory

logger = logging.getLogger(__name__)

KEPT_FOR: Final = timedelta(days=30)
BATCH: Final = 5000
"""Rows removed at once: a long delete would keep runs waiting."""
FOLDERS: Final = 500
"""Folders whose runs are looked up at once."""


def prune_transitions(now: datetime) -> int:
    """Remove the transitions that are older than 30 days; return how many."""
    removed = 0
    while True:
        old = AgentTransition.objects.filter(at__lt=now - KEPT_FOR).order_by("pk")
        keys = list(old.values_list("pk", flat=True)[:BATCH])
        removed += AgentTransition.objects.filter(pk__in=keys).delete()[0] if keys else 0
        if len(keys) < BATCH:
            return removed


def is_kept(run: AgentRun, now: datetime) -> bool:
    """Tell whether what a run said is still kept; its row and its revisions always are.

    A matter of time alone, so that nobody finds half a folder while it is being removed.
    """
    until = _kept_until(now)
    return until is None or run.finished_at is None or run.finished_at > until


def prune_run_folders(now: datetime) -> int:
    """Remove the folders of runs that ended too long ago; return how many.

    A folder of no run that is known goes too, once it is that old. One that cannot be removed is
    logged and tried again the next day.
    """
    until = _kept_until(now)
    if until is None:
        return 0
    removed = 0
    found = _run_folders()
    while folders := list(islice(found, FOLDERS)):
        ids = [run_id for run_id, _folder in folders]
        ends = dict(AgentRun.objects.filter(pk__in=ids).values_list("pk", "finished_at"))
        for run_id, folder in folders:
            end = ends[run_id] if run_id in ends else _changed_at(folder)
            if end is not None and end <= until:
                removed += _remove(folder)
    return removed


def _kept_until(now: datetime) -> datetime | None:
    days = settings.PARALLAGON_RUN_DAYS
    return now - timedelta(days=days) if days else None


def _run_folders() -> Iterator[tuple[UUID, Path]]:
    """Yield the folders that are named after a run; anything else there is not ours."""
    directory = runs_directory()
    for folder in directory.iterdir() if directory.is_dir() else ():
        try:
            run_id = UUID(folder.name)
        except ValueError:
            continue
        if folder.is_dir() and not folder.is_symlink():
            yield run_id, folder


def _changed_at(folder: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(folder.stat().st_mtime, UTC)
    except FileNotFoundError:
        return None


def _remove(folder: Path) -> bool:
    try:
        shutil.rmtree(folder)
    except OSError as error:
        logger.warning("the folder of run %s stays: %s", folder.name, error)
        return False
    return True
