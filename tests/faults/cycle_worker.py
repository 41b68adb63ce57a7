"""The real worker of the cycles, with a broker of its own, to be killed in the middle of a run."""

import os
import subprocess
import sys
from pathlib import Path
from typing import cast
from uuid import UUID

import psutil
import redis
from celery import Celery
from django.conf import settings

from parallagon.supervisor.valkey import answers, valkey_process
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[2]


def is_there(process: psutil.Process) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


class Broker:
    """The Valkey of an installation whose data directory is ``folder``."""

    def __init__(self, folder: Path) -> None:
        socket = folder / "sockets" / "valkey.sock"
        self.url = f"unix://{socket}"
        self._command = valkey_process(socket=socket, folder=folder).command
        self._log = (folder / "valkey.log").open("wb")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        self._process = subprocess.Popen(self._command, stdout=self._log, stderr=self._log)
        wait_until(lambda: answers(self.url))

    def unacknowledged(self) -> int:
        """Return how many messages are held by a worker."""
        prefix = settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"]
        with redis.Redis.from_url(self.url) as client:
            return int(cast("int", client.hlen(f"{prefix}unacked")))

    def kill(self) -> None:
        """Kill it as the kernel would, and nothing else."""
        self._process.kill()
        self._process.wait(10)

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._log.close()


class CeleryProcess:
    """A process of Celery on a test's database and data directory, as ``make run`` starts it."""

    def __init__(self, folder: Path, *arguments: str, name: str, **environment: str) -> None:
        self._log_path = folder / f"{name}.log"
        self._log = self._log_path.open("ab")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "celery", "--quiet", "--app", "celery_app"),
                *(*arguments, "--loglevel", "INFO"),
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            env={
                **os.environ,
                "PYTHONPATH": str(ROOT),
                "DJANGO_SETTINGS_MODULE": "tests.faults.cycle_settings",
                "PARALLAGON_TEST_DATABASE": str(settings.DATABASES["default"]["NAME"]),
                "PARALLAGON_DATA_DIR": str(folder),
                "REDIS_URL": "",  # the broker of this test
                **environment,
            },
        )
        self.me = psutil.Process(self.process.pid)

    def family(self) -> list[psutil.Process]:
        """Return every process below it: a worker's engine, gateway, children at work."""
        return self.me.children(recursive=True)

    def child(self, module: str) -> psutil.Process:
        """Return the process that runs a module."""
        [found] = [one for one in self.me.children() if module in " ".join(one.cmdline())]
        return found

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """Kill it as the kernel would, and nothing else."""
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.kill()
        self._log.close()

    def said(self) -> str:
        return self._log_path.read_text(errors="replace")


def worker_of(queue: str) -> tuple[str, ...]:
    """Return the arguments of a worker that serves one queue."""
    return (
        *("worker", "--queues", queue, "--pool", "threads", "--concurrency", "4"),
        *("--hostname", f"{queue}@%h", "--without-gossip", "--without-mingle"),
    )


class Worker(CeleryProcess):
    """A Celery worker that carries out cycles, and the messages that make it do so."""

    def __init__(self, folder: Path, broker: Broker, model: str, key: str) -> None:
        super().__init__(
            folder, *worker_of("cycles"), name="worker", OPENAI_API_BASE=model, OPENAI_API_KEY=key
        )
        options = settings.CELERY_BROKER_TRANSPORT_OPTIONS
        address = broker.url.replace("unix://", "redis+socket://") + "?virtual_host=0"
        self._celery = Celery(broker=address, set_as_current=False)
        self._celery.conf.update(broker_transport_options=options, task_ignore_result=True)

    def send(self, run_id: UUID) -> None:
        """Send the message that carries out a run."""
        self._celery.send_task("agents.execute_run", kwargs={"run_id": str(run_id)}, queue="cycles")

    def close(self) -> None:
        super().close()
        self._celery.close()
