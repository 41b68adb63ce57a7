"""What dead workers leave on disk: private folders of runs that have ended, folders of no run."""

import shutil
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from django.conf import settings

from agents.models import AgentRun
from missions.integrity import Finding, Kind

GRACE_SECONDS = 600


def look(now: datetime, mends: bool) -> Iterator[Finding]:
    """Yield what is left in ``staging/`` and ``runs/``; it is removed where ``mends``."""
    del now  # a folder's age is told by its file system's clock
    working = AgentRun.objects.filter(state=AgentRun.State.RUNNING)
    for run_id, folder in _old_folders("staging"):
        if not working.filter(pk=run_id).exists():
            yield _finding(Kind.STAGING_LEFT, folder, mends=mends)
    for run_id, folder in _old_folders("runs"):
        if not AgentRun.objects.filter(pk=run_id).exists():
            yield _finding(Kind.RUN_FOLDER_LEFT, folder, mends=mends)


def _old_folders(kind: str) -> Iterator[tuple[UUID, Path]]:
    """Yield the folders below ``kind`` that are named after a run and are no longer new."""
    root = Path(settings.DATA_DIR) / kind
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        try:
            run_id = UUID(folder.name)
        except ValueError:
            continue
        if time.time() - folder.lstat().st_mtime > GRACE_SECONDS:
            yield run_id, folder


def _finding(kind: Kind, folder: Path, *, mends: bool) -> Finding:
    if mends:
        shutil.rmtree(folder, ignore_errors=True)
    return Finding(
        kind=kind,
        path=folder.name,
        detail="no run is at work there" if kind == Kind.STAGING_LEFT else "no run has it",
        is_mended=mends and not folder.exists(),
    )
