"""A worker that is killed: somebody else notices, says so outside too, and that it is over."""

import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from notifications.alerts import evaluate
from notifications.models import Alert, AlertRule
from notifications.services import SetTarget
from parallagon import alerts
from parallagon.core import heartbeats
from parallagon.lookout import Lookout
from tests.factories import make_user
from tests.notifications.receiver import receiving
from tests.valkey import Valkey
from tests.waiting import wait_until

ROOT = Path(__file__).parents[2]
WORKER = (
    *(sys.executable, "-m", "celery", "--quiet", "--app", "celery_app", "worker"),
    *("--queues", "default", "--hostname", "default@%h", "--pool", "threads"),
    *("--concurrency", "1", "--without-gossip", "--without-mingle"),
)
QUIET = 3 * heartbeats.EVERY


@pytest.fixture
def redis_folder(settings: Any) -> Iterator[Path]:
    """Return a data directory with a server where an installation has it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = Valkey(folder)
        server.start()
        (folder / "sockets").mkdir()
        (folder / "sockets" / "valkey.sock").symlink_to(server.socket)
        settings.REDIS_URL = server.url
        yield folder
        server.kill()


@contextmanager
def worker(folder: Path, prefix: str) -> Iterator[subprocess.Popen[bytes]]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environment = {
        **kept,
        "DJANGO_SETTINGS_MODULE": "parallagon.settings.local",
        "PARALLAGON_DATA_DIR": str(folder),
        "PARALLAGON_REDIS_PREFIX": prefix,
        "PYTHONWARNINGS": "ignore",
    }
    process = subprocess.Popen(WORKER, cwd=ROOT, env=environment, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


@pytest.mark.faults
@pytest.mark.timeout(300)
@pytest.mark.django_db(transaction=True)
def test_a_killed_worker_is_noticed_and_told(
    settings: Any, redis_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PARALLAGON_WEBHOOK_HTTP = settings.PARALLAGON_WEBHOOK_PRIVATE = True
    monkeypatch.setattr(heartbeats, "SILENT_AFTER", QUIET)
    monkeypatch.setattr(alerts, "EXPECTED", ("default",))
    monkeypatch.setattr(evaluate, "_is_my_turn", lambda _now: True)
    now = timezone.now()
    AlertRule.objects.all().delete()
    rule = AlertRule.objects.create(
        measure="processes.silent", threshold=1, window=0, cool_down=0, created_at=now,
        updated_at=now, state_changed_at=now,
    )  # fmt: skip
    lookout = Lookout(threading.Event())

    def state() -> str:
        lookout.look()
        rule.refresh_from_db()
        return rule.state

    with receiving() as receiver:
        staff = make_user(is_staff=True)
        SetTarget(user=staff, channel="webhook", address=receiver.address, now=now).execute()
        with worker(redis_folder, settings.REDIS_PREFIX) as first:
            wait_until(lambda: not heartbeats.silent(["default"]))
            assert state() == AlertRule.State.OK

            first.send_signal(signal.SIGKILL)
            first.wait(10)
            wait_until(lambda: state() == AlertRule.State.FIRING)

        assert Alert.objects.get().params == {"names": "default"}
        # No worker is there to send it: the one who looked does.
        assert len(receiver.got) == 1
        assert b"default" in receiver.got[0][1]

        with worker(redis_folder, settings.REDIS_PREFIX):
            wait_until(lambda: state() in {AlertRule.State.CLEARED, AlertRule.State.OK})
        assert Alert.objects.get().cleared_at is not None
