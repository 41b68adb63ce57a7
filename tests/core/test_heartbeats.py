"""Who has been heard of lately."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import redis
from celery import signals
from celery.worker.heartbeat import Heart as CeleryHeart

from parallagon.core import heartbeats
from parallagon.core.heartbeats import Heart, alive, silent
from tests.valkey import Valkey


@pytest.fixture
def valkey(settings: Any) -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory() as folder:
        server = Valkey(Path(folder))
        server.start()
        settings.REDIS_URL = server.url
        yield server
        server.kill()


@pytest.fixture
def quiet_signals() -> Iterator[None]:
    """Give Celery's signals back the receivers that they had."""
    ours = (signals.heartbeat_sent, signals.after_task_publish)
    before = [list(signal.receivers) for signal in ours]
    yield
    for signal, receivers in zip(ours, before, strict=True):
        signal.receivers[:] = receivers


@pytest.mark.usefixtures("valkey")
class TestHeart:
    def test_is_heard_by_other_processes(self) -> None:
        Heart("default").beat()

        [one] = alive()

        assert one.name == "default"
        assert 0 <= one.seconds < heartbeats.SILENT_AFTER

    def test_counts_each_process(self) -> None:
        program = (
            "import django; django.setup();"
            "from django.conf import settings; import sys; settings.REDIS_URL = sys.argv[1];"
            "from django.conf import settings as s; s.REDIS_PREFIX = sys.argv[2];"
            "from parallagon.core.heartbeats import Heart; Heart('cycles').beat()"
        )
        from django.conf import settings

        command = [sys.executable, "-c", program, settings.REDIS_URL, settings.REDIS_PREFIX]
        subprocess.run(command, check=True, timeout=60)
        Heart("cycles").beat()

        assert [one.name for one in alive()] == ["cycles", "cycles"]
        assert len({one.pid for one in alive()}) == 2

    def test_is_forgotten_when_it_falls_silent(self, monkeypatch: pytest.MonkeyPatch) -> None:
        Heart("cycles").beat()
        now = heartbeats._now()

        monkeypatch.setattr(heartbeats, "_now", lambda: now + heartbeats.SILENT_AFTER + 1)

        assert alive() == []
        assert silent(["cycles", "default"]) == ["cycles", "default"]

    def test_speaks_no_more_often_than_needed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        heart = Heart("cycles")
        heart.beat()
        monkeypatch.setattr(heartbeats, "_redis", pytest.fail)

        heart.beat()


class TestCelery:
    def test_workers_and_clock_say_that_they_live(
        self, valkey: Valkey, quiet_signals: None
    ) -> None:
        heartbeats.register()
        assert "_worker_lives" in str(signals.worker_init.receivers), "later is too late"
        heartbeats._worker_lives(SimpleNamespace(hostname="cycles@a"))
        eventer = SimpleNamespace(
            enabled=True, on_enabled=set(), on_disabled=set(), send=lambda *_, **__: None
        )
        timer = SimpleNamespace(call_repeatedly=lambda *_: None)
        CeleryHeart(timer, eventer).start()
        heartbeats._clock_lives()

        assert silent(["cycles", "beat"]) == ["beat"]
        signals.after_task_publish.send(sender="agents.dispatch")

        assert silent(["cycles", "beat"]) == []


class TestWithoutRedis:
    def test_nobody_minds_but_who_asks(self, settings: Any, tmp_path: Path) -> None:
        settings.REDIS_URL = f"unix://{tmp_path}/nobody"

        Heart("cycles").beat()

        with pytest.raises(redis.RedisError):
            alive()
