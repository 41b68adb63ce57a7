"""A real installation in small: settings as shipped, database, Valkey, a mission."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django


@contextmanager
def installation() -> Iterator[None]:
    """Set up the database and run Valkey, in the data directory that the environment names."""
    set_up()
    with valkey():
        yield


def set_up() -> None:
    """Set up Django and the database."""
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


@contextmanager
def valkey() -> Iterator[None]:
    """Run the embedded Valkey, as an installation does."""
    from django.conf import settings

    from parallagon.supervisor.valkey import answers, valkey_process

    spec = valkey_process(socket=settings.REDIS_SOCKET, folder=Path(settings.DATA_DIR) / "valkey")
    with subprocess.Popen(spec.command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 10
            while not answers(settings.REDIS_URL):
                if time.monotonic() > deadline:
                    raise AssertionError("Valkey does not answer")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()


def make_mission(*, model: str = "offline/writer") -> Any:
    """Create a mission with the demo's request."""
    [mission] = make_missions(1, model=model)
    return mission


def make_missions(count: int, *, model: str) -> list[Any]:
    """Create missions of one owner, each with the demo's request."""
    from django.utils import timezone

    from missions.services import CreateMission
    from parallagon.accounts.models import User

    request = Path(__file__).parent.parent / "missions/demo_en/demande.md"
    owner = User.objects.create_user("bench")
    return [
        CreateMission(
            owner=owner,
            title="Bench",
            request=request.read_text(encoding="utf-8"),
            language="en",
            model=model,
            now=timezone.now(),
        ).execute()
        for _ in range(count)
    ]


def save(mission: Any, path: str, text: str, *, base: int | None) -> Any:
    """Save a file as the mission's owner does; return what came of it."""
    from django.utils import timezone

    from missions.services import SaveFile

    return SaveFile(
        mission=mission, user=mission.owner, path=path, text=text, base=base, now=timezone.now()
    ).execute()


def prose(size: int, *, seed: int = 0) -> str:
    """Return about ``size`` bytes of Markdown whose lines all differ."""
    lines: list[str] = []
    length = 0
    while length < size:
        number = len(lines) + seed
        line = f"Paragraph {number} says that the café keeps {number * 7919 % 10007} cups ready."
        lines.append(line if number % 20 else f"## Part {number}")
        length += len(lines[-1].encode()) + 1
    return "\n".join(lines) + "\n"
