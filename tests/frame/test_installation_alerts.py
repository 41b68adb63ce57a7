"""What alerts watch of the installation: its disk and its processes."""

import shutil
import tempfile
from collections import namedtuple
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from notifications import messages
from notifications.alerts import evaluate
from notifications.alerts.evaluate import EvaluateAlerts
from notifications.models import AlertRule, Notification
from parallagon.alerts import EXPECTED
from parallagon.core.heartbeats import Heart
from parallagon.supervisor.plan import process_plan
from tests.factories import make_user
from tests.valkey import Valkey

NOW = timezone.now()
Usage = namedtuple("Usage", "total used free")
State = AlertRule.State


@pytest.fixture(autouse=True)
def only_own_rules(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    AlertRule.objects.all().delete()
    monkeypatch.setattr(evaluate, "_is_my_turn", lambda _now: True)
    make_user(is_staff=True)


@pytest.fixture
def valkey(settings: Any) -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory() as folder:
        server = Valkey(Path(folder))
        server.start()
        settings.REDIS_URL = server.url
        yield server
        server.kill()


def watch(measure: str, threshold: float) -> AlertRule:
    return AlertRule.objects.create(
        measure=measure, threshold=threshold, window=0, cool_down=0, created_at=NOW,
        updated_at=NOW, state_changed_at=NOW,
    )  # fmt: skip


def look(rule: AlertRule, seconds: int = 0) -> str:
    EvaluateAlerts(now=NOW + timedelta(seconds=seconds)).execute()
    rule.refresh_from_db()
    return rule.state


def cause() -> str:
    return messages.words(Notification.objects.latest("pk"), language="en").body


class TestDisk:
    def test_fires_and_ends(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rule = watch("disk.used", 90)
        free = 5 * 10**9

        def usage(_path: Any) -> Usage:
            return Usage(100 * 10**9, 100 * 10**9 - free, free)

        monkeypatch.setattr(shutil, "disk_usage", usage)
        assert look(rule) == State.FIRING
        assert cause() == (
            "95 % of the disk with the data are used, 5.0 GB are free. The limit is 90 %."
        )
        free = 50 * 10**9
        assert look(rule, 10) == State.CLEARED

    def test_one_that_is_gone_gives_no_answer(self, settings: Any, tmp_path: Path) -> None:
        rule = watch("disk.used", 90)
        settings.DATA_DIR = tmp_path / "gone"

        assert look(rule) == State.NO_ANSWER


class TestSilence:
    def test_expects_what_an_installation_starts(self) -> None:
        assert {*EXPECTED} == {one.name for one in process_plan()} - {"web"} | {"engine"}

    def test_fires_and_ends(self, valkey: Valkey) -> None:
        rule = watch("processes.silent", 1)
        for name in EXPECTED[1:]:
            Heart(name).beat()

        assert look(rule) == State.FIRING
        assert "Nothing is heard of: cycles." in cause()
        Heart("cycles").beat()
        assert look(rule, 10) == State.CLEARED

    def test_without_redis_there_is_no_answer(self, settings: Any, tmp_path: Path) -> None:
        rule = watch("processes.silent", 1)
        settings.REDIS_URL = f"unix://{tmp_path}/nobody"

        assert look(rule) == State.NO_ANSWER
