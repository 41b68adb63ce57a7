"""What goes away with a mission for good."""

import shutil

from agents.models import AgentRun
from agents.selectors import run_directory, staging_directory
from missions.hooks import Purged
from missions.locks import RunLock


def purge_runs(purged: Purged) -> None:
    """Remove the logs, transcripts, copies and lock files of the mission's runs."""
    runs = AgentRun.objects.filter(agent__mission=purged.mission)
    for run_id in runs.values_list("pk", flat=True):
        shutil.rmtree(run_directory(run_id), ignore_errors=True)
        shutil.rmtree(staging_directory(run_id), ignore_errors=True)
        RunLock.forget(run_id)
