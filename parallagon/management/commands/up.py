"""``manage.py up``: the whole system on one machine."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from parallagon.accounts.models import User
from parallagon.accounts.services import base_url, sign_in_link
from parallagon.management.base import FriendlyCommand
from parallagon.supervisor import ports, valkey
from parallagon.supervisor.errors import CannotStart
from parallagon.supervisor.plan import log_file, process_plan
from parallagon.supervisor.preparation import prepare
from parallagon.supervisor.readiness import Readiness
from parallagon.supervisor.single import only_one
from parallagon.supervisor.supervisor import Supervisor

SECONDS_TO_START = 90


class Command(FriendlyCommand):
    help = "Run everything on this machine until Ctrl-C: web, workers, clock and Valkey."

    def handle(self, *args: Any, **options: Any) -> None:
        """Start everything, say when it is ready, and end it all at a signal."""
        folder = Path(settings.DATA_DIR)
        with only_one(folder):
            ports.require_free(settings.HOST, settings.PORT)
            with Supervisor(folder=settings.BASE_DIR, say=self._say) as supervisor:
                self._run(supervisor, folder)
        self._line("Parallagon has stopped; its data is kept.")

    def _run(self, supervisor: Supervisor, folder: Path) -> None:
        if settings.REDIS_IS_EMBEDDED:
            supervisor.start(
                valkey.valkey_process(socket=settings.REDIS_SOCKET, folder=folder / "valkey")
            )
        if not supervisor.run_until(lambda: valkey.answers(settings.REDIS_URL), within=30):
            self._refuse(supervisor, "Redis does not answer: is REDIS_URL right?")
            return
        self._line("Preparing the database …")
        user = prepare()
        connection.close()
        self._line(f"Starting Parallagon at {base_url()} …")
        for spec in process_plan():
            supervisor.start(spec)
        readiness = Readiness(host=settings.HOST, port=settings.PORT)
        if not supervisor.run_until(readiness, within=SECONDS_TO_START):
            missing = ", ".join(sorted(readiness.waiting))
            self._refuse(supervisor, f"Parallagon did not come up: {missing} did not answer.")
            return
        self._welcome(user)
        supervisor.run()

    def _refuse(self, supervisor: Supervisor, sentence: str) -> None:
        """Raise unless a signal is why it did not come up."""
        if supervisor.is_stopping:
            return
        failing = supervisor.failing()
        reason = f" The process “{failing.spec.name}” keeps ending." if failing else ""
        raise CannotStart(f"{sentence}{reason} The lines above say why.")

    def _welcome(self, user: User) -> None:
        self._line("Ctrl-C stops everything. The link signs in once; make link prints another.")
        self._line(f"Details are in {log_file()}.")
        self._line(f"Parallagon is ready: {sign_in_link(user)}")

    def _say(self, name: str, line: str) -> None:
        self._line(f"{name:<8}| {line}")

    def _line(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
