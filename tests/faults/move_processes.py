"""Moves of a mission that are killed before their n-th step, n growing until one gets through.

Run as a program; prints one JSON line: how many were killed, and what was wrong after each.
"""

import importlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import django

from tests.faults.landing_processes import FOLDER, FUSE, in_child

ROOT = FOLDER / "texts"
FILES = {"demande.md": "# Request\n", "production.md": "# P\n", "production/a.md": "# A\n"}


def main() -> None:
    from django.conf import settings

    django.setup()
    settings.PARALLAGON_EXTERNAL_ROOTS = [ROOT]
    settings.DATA_DIR = FOLDER / "data"
    settings.DATABASES["default"]["NAME"] = str(FOLDER / "moves.sqlite3")
    for module in ("missions.tasks", "tests.factories"):
        importlib.import_module(module)
    mission = in_child(setup)["mission"]
    wrong: list[str] = []
    places: set[str] = set()
    step = 0
    while step < int(sys.argv[1]):
        status = killed_move(mission, step)
        if status == 0:
            break
        assert os.WIFSIGNALED(status), status
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        found = in_child(lambda: check(mission))
        wrong += found["wrong"]
        places.add(found["place"])
        step += 1
    print(json.dumps({"killed": step, "wrong": wrong, "places": sorted(places)}))  # noqa: T201 - this is its protocol


def setup() -> dict[str, Any]:
    from django.core.management import call_command

    from tests.factories import make_mission

    (ROOT / "target").mkdir(parents=True)
    call_command("migrate", verbosity=0)
    return {"mission": make_mission(files=FILES).pk}


def killed_move(mission_id: int, step: int) -> int:
    """Move the mission to wherever it is not, with a fuse; return how the process ended."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            move(mission_id, step)
            code = 0
        finally:
            os._exit(code)
    return os.waitpid(child, 0)[1]


def move(mission_id: int, step: int) -> None:
    from django.utils import timezone

    from missions.models import Mission
    from missions.services import MoveMission

    mission = Mission.objects.get(pk=mission_id)
    target = "" if mission.folder else str(ROOT / "target")
    for name in ("rmdir", "mkdir"):
        setattr(os, name, FUSE._before(getattr(os, name)))
    FUSE.lay(step)
    FUSE.is_lit = True
    MoveMission(mission=mission, folder=target, now=timezone.now()).execute()


def check(mission_id: int) -> dict[str, Any]:
    """Save as a person would, let the background tidy up, and compare every text everywhere."""
    from django.utils import timezone

    from missions import selectors, tasks
    from missions.landing import Author, Change, land
    from missions.models import Mission, Revision
    from missions.storage import FileManager

    mission = Mission.objects.get(pk=mission_id)
    tasks.recover()
    for path in FILES:
        file = selectors.current_file(mission=mission, path=path)
        number = selectors.current_revision(file).number
        text = f"{selectors.current_text(file)}{number}\n"
        land(
            mission,
            [Change(path=path, text=text, base=number)],
            author=Author.person(mission.owner),
            now=timezone.now(),
        )
    folder = FileManager(mission)
    wrong = [
        f"{mission.folder or 'data'}: {file.path} is not what is current"
        for file in selectors.current_files(mission=mission)
        if (folder.root / file.path).read_text() != selectors.current_text(file)
    ]
    foreign = Revision.objects.filter(author_kind="external").values_list("path", flat=True)
    wrong += [f"{path} was taken for another program's" for path in foreign]
    own = Path(FOLDER / "data" / "missions" / str(mission_id))
    if mission.folder and own.exists():
        wrong.append("the old folder is still there")
    return {"wrong": wrong, "place": "outside" if mission.folder else "inside"}


if __name__ == "__main__":
    main()
