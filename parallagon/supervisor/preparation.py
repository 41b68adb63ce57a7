"""What comes before the processes: database, unfinished landings, first account, demo."""

import shutil
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from agents.services import StartMission
from missions import landing
from missions.models import Mission
from missions.services import CreateDemo
from parallagon.accounts.models import User
from parallagon.accounts.services import EnsureFirstAccount, system_username
from parallagon.supervisor.plan import log_file, measures_folder


def prepare() -> User:
    """Bring the data up to date and return whom the sign-in link is for.

    Raises:
        ParallagonError: the demo or the account could not be made.
    """
    now = timezone.now()
    Path(settings.STATIC_ROOT).mkdir(parents=True, exist_ok=True)
    log_file().parent.mkdir(parents=True, exist_ok=True)
    _start_measures(measures_folder())
    call_command("migrate", interactive=False, verbosity=0)
    landing.recover_all()
    user = EnsureFirstAccount(username=system_username()).execute()
    _ensure_demo(user, now)
    return user


def _start_measures(folder: Path) -> None:
    """Let the processes count from zero, as they would without files."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)


def _ensure_demo(user: User, now: datetime) -> None:
    """Make the demo mission, once: an installation with a past is left as its people want it."""
    if Mission.objects.exists():
        return
    language = settings.PARALLAGON_LANGUAGE
    demo = CreateDemo(owner=user, language=language, now=now, start=False).execute()
    StartMission(mission=demo, now=now).execute()
