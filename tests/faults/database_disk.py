"""A person saves while the database's disk is full. Run as a program; prints one JSON line."""

import json
import os
from pathlib import Path
from typing import Any

import django

FOLDER = Path(os.environ["PARALLAGON_TEST_DATA_DIR"])
ROOM = 8192  # bytes


def main() -> None:
    django.setup()
    from django.core.management import call_command

    from missions.models import Revision
    from missions.selectors import current_file, current_text
    from tests.factories import make_mission

    call_command("migrate", verbosity=0)
    mission = make_mission(files={"notes.md": "The old text.\n"})
    fill()
    refused = save(mission)
    read = current_text(current_file(mission=mission, path="notes.md"))
    on_disk = (FOLDER / "missions" / str(mission.pk) / "notes.md").read_text(encoding="utf-8")
    (FOLDER / "filler").unlink()
    taken = save(mission)
    answer = {
        "refused": refused,
        "read": read,
        "on_disk": on_disk,
        "taken": taken,
        "revisions": Revision.objects.filter(file__path="notes.md").count(),
    }
    print(json.dumps(answer))  # noqa: T201 - this is its protocol


def fill() -> None:
    """Leave room for a content, not for the pages of a transaction."""
    with (FOLDER / "filler").open("wb", buffering=0) as filler:
        try:
            while True:
                filler.write(b"\0" * 4096)
        except OSError:
            filler.truncate(filler.tell() - ROOM)


def save(mission: Any) -> str:
    """Return the code and sentence of the refusal, or ``saved``."""
    from django.utils import timezone

    from missions.services import SaveFile
    from parallagon.core.errors import ParallagonError

    try:
        SaveFile(
            mission=mission,
            user=mission.owner,
            path="notes.md",
            text="The new text.\n",
            base=1,
            now=timezone.now(),
        ).execute()
    except ParallagonError as error:
        return f"{error.code}: {error.message}"
    return "saved"


if __name__ == "__main__":
    main()
