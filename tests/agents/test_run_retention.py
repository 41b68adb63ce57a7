"""The folders of old runs go away once a day, and nothing else does."""

import os
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agents import retention
from agents.models import Agent, AgentRun
from agents.selectors import run_directory, runs_directory
from agents.tasks import prune
from tests.agents.factories import make_run

NOW = timezone.now()
OLD = NOW - timedelta(days=30, minutes=1)
YOUNG = NOW - timedelta(days=29)


def folder_of(run_id: object) -> Path:
    """Make the folder of a run, with something in it."""
    folder = run_directory(run_id)
    folder.mkdir(parents=True)
    (folder / "log.jsonl").write_text("{}\n")
    return folder


def test_of_old_runs_only_the_rows_stay(production: Agent) -> None:
    old = make_run(production, finished_at=OLD)
    young = make_run(production, finished_at=YOUNG)
    at_work = make_run(production, state="RUNNING", outcome="", finished_at=None, queued_at=OLD)
    folders = [folder_of(run.pk) for run in (old, young, at_work)]

    assert retention.prune_run_folders(NOW) == 1

    assert [folder.exists() for folder in folders] == [False, True, True]
    assert AgentRun.objects.count() == 3
    assert retention.prune_run_folders(NOW) == 0


def test_many_go_in_portions(production: Agent, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "FOLDERS", 2)
    for _number in range(5):
        folder_of(make_run(production, finished_at=OLD).pk)

    assert retention.prune_run_folders(NOW) == 5


def test_a_folder_of_no_run_goes_once_it_is_old(production: Agent) -> None:
    young, old = folder_of(uuid4()), folder_of(uuid4())
    os.utime(old, (OLD.timestamp(), OLD.timestamp()))

    assert retention.prune_run_folders(NOW) == 1

    assert (young.exists(), old.exists()) == (True, False)


def test_what_is_not_the_folder_of_a_run_is_left_alone(production: Agent, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    link = run_directory(make_run(production, finished_at=OLD).pk)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(elsewhere)
    (runs_directory() / "notes").mkdir()
    run_directory(make_run(production, finished_at=OLD).pk).touch()

    assert retention.prune_run_folders(NOW) == 0

    assert len(list(runs_directory().iterdir())) == 3
    assert (elsewhere / "kept").exists()


def test_one_that_cannot_be_removed_does_not_keep_the_others(
    production: Agent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    folders = [folder_of(make_run(production, finished_at=OLD).pk) for _number in range(3)]
    stubborn = folders[1]
    remove = shutil.rmtree

    def rmtree(folder: Path) -> None:
        if folder == stubborn:
            raise PermissionError(13, "Permission denied")
        remove(folder)

    monkeypatch.setattr(shutil, "rmtree", rmtree)

    assert retention.prune_run_folders(NOW) == 2

    assert [folder.exists() for folder in folders] == [False, True, False]
    assert str(stubborn.name) in caplog.text


def test_nothing_goes_where_everything_is_kept(production: Agent, settings: Any) -> None:
    settings.PARALLAGON_RUN_DAYS = 0
    folder = folder_of(make_run(production, finished_at=OLD).pk)

    assert retention.prune_run_folders(NOW) == 0
    assert folder.exists()


def test_the_daily_task_does_it(production: Agent) -> None:
    folder = folder_of(make_run(production, finished_at=OLD).pk)

    assert prune() == 1
    assert not folder.exists()


def test_without_a_folder_for_runs_there_is_nothing_to_do(production: Agent) -> None:
    assert retention.prune_run_folders(NOW) == 0
