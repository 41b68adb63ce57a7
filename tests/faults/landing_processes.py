"""A parent without threads or connections that forks writers, to be killed at any moment.

Run as a program. Reads one JSON command a line from standard input, answers with one line::

    {"do": "setup"}                    → {"mission": id}
    {"do": "spawn", "kind", "seed"}    → {"pid"}   a writer, until it is killed; with "fuse": n it
                                         kills itself before its n-th step of landing (with
                                         "stops": it stops instead); with "rounds": n it ends
                                         after so many landings
    {"do": "reap", "pid"}              → {}        after the kill
    {"do": "stopped", "pid"}           → {"stopped"}   when it has stopped, or ended
    {"do": "check"}                    → what is wrong, what was found

Writers note each change that Parallagon acknowledged in ``acknowledged.log``, one write a line.
"""

import importlib
import json
import os
import random
import re
import signal
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import django
from django.conf import settings

if TYPE_CHECKING:
    from missions.storage import FileManager

FOLDER = Path(os.environ["PARALLAGON_TEST_DATA_DIR"])
ACKNOWLEDGED = FOLDER / "acknowledged.log"
PARAGRAPHS = 12
MOST_LINES = 700  # of one editor
LONGEST_PAUSE = 0.01  # seconds between its saves
PERSON_FILES = ["production.md", "demande.md"]
AGENT_FILES = ["production.md", "production/part.md"]
MARKER = re.compile(r"[a-z]+-[0-9a-f]{32}")
MOVING = ["notes.md", "kept/deep/notes.md", "Notes.md"]  # where one file is in turn


def main() -> None:
    django.setup()
    if url := os.environ.get("PARALLAGON_TEST_LOCKS_ON"):
        settings.PARALLAGON_LOCKS, settings.REDIS_URL = "redis", url
    # Imported once, here, so that a writer writes from its first moment on.
    for module in ("missions.landing", "missions.leases", "tests.factories", "parallagon.urls"):
        importlib.import_module(module)
    commands: dict[str, Callable[..., dict[str, Any]]] = {
        "setup": lambda: in_child(setup),
        "spawn": spawn,
        "reap": reap,
        "stopped": stopped,
        "check": lambda: in_child(check),
        "history": lambda path: in_child(lambda: history(path)),
    }
    for line in sys.stdin:
        command = json.loads(line)
        answer = commands[command.pop("do")](**command)
        print(json.dumps(answer), flush=True)  # noqa: T201 - this is its protocol


def in_child(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Do the work in a process of its own, so that this one never opens a connection."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with os.fdopen(writer, "w") as answer:
            try:
                json.dump(work(), answer)
            except Exception:
                json.dump({"error": traceback.format_exc()}, answer)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answer:
        result: dict[str, Any] = json.load(answer)
    os.waitpid(child, 0)
    return result


def setup() -> dict[str, Any]:
    from django.core.management import call_command

    from tests.factories import make_mission

    call_command("migrate", verbosity=0)
    files = {path: blank() for path in {*PERSON_FILES, *AGENT_FILES, MOVING[0]}}
    return {"mission": make_mission(files=files).pk}


def blank() -> str:
    return "".join(f"Paragraph {number}.\n\n" for number in range(PARAGRAPHS))


class Fuse:
    """Kills its process before the n-th statement or system call that a landing makes."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.is_lit = False
        self.signal = signal.SIGKILL

    def lay(self, steps: int, *, stops: bool = False) -> None:
        from django.db import connection

        from parallagon.core import kernel

        self.left = steps
        self.signal = signal.SIGSTOP if stops else signal.SIGKILL
        for name in ("open", "fsync", "rename", "replace", "unlink", "rmdir"):
            setattr(os, name, self._before(getattr(os, name)))
        for name in ("exchange", "rename_to_free_name"):
            setattr(kernel, name, self._before(getattr(kernel, name)))
        connection.execute_wrappers.append(self._before_statement)

    def burn(self) -> None:
        from django.db import connection

        # One that is stopped in a transaction keeps everyone from writing: nobody overtakes it.
        is_apart = self.signal == signal.SIGSTOP and connection.in_atomic_block
        if self.is_lit and self.left is not None and not is_apart:
            self.left -= 1
            if self.left < 0:
                self.left = None
                os.kill(os.getpid(), self.signal)

    def _before(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def burn_first(*args: Any, **options: Any) -> Any:
            self.burn()
            return call(*args, **options)

        return burn_first

    def _before_statement(self, execute: Callable[..., Any], *args: Any) -> Any:
        self.burn()
        return execute(*args)


FUSE = Fuse()


def spawn(
    kind: str,
    seed: int,
    fuse: int | None = None,
    stops: bool = False,
    rounds: int | None = None,
) -> dict[str, Any]:
    child = os.fork()
    if child == 0:
        try:
            if fuse is not None:
                FUSE.lay(fuse, stops=stops)
            write(kind, seed, rounds)
            os._exit(0)
        except BaseException:
            (FOLDER / f"error-{os.getpid()}.log").write_text(traceback.format_exc())
        os._exit(1)
    return {"pid": child}


def reap(pid: int) -> dict[str, Any]:
    _pid, status = os.waitpid(pid, 0)
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else None
    return {"code": code, "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0}


def stopped(pid: int) -> dict[str, Any]:
    """Wait until it is stopped, or has ended."""
    found = os.waitid(os.P_PID, pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    assert found is not None
    return {"stopped": found.si_code == os.CLD_STOPPED}


def write(kind: str, seed: int, most: int | None) -> None:
    """Land again and again, as often as told, or until the end."""
    chance = random.Random(seed)  # noqa: S311 - a test that can be repeated
    log = os.open(ACKNOWLEDGED, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    rounds: dict[str, Callable[[], Iterator[list[str]]]] = {
        "person": lambda: person_rounds(chance),
        "browser": lambda: browser_rounds(chance),
        "agent": lambda: agent_rounds(chance),
        "mover": lambda: mover_rounds(chance),
        "editor": lambda: editor_rounds(save_by_rename, chance),
        "editor in place": lambda: editor_rounds(save_in_place, chance),
    }
    for markers in islice(rounds[kind](), most):
        os.write(log, "".join(f"{marker}\n" for marker in markers).encode())


def person_rounds(chance: random.Random) -> Iterator[list[str]]:
    """Save one file again and again; yield the marker of each save that was acknowledged."""
    from django.utils import timezone

    from missions.landing import Author, Change, LandingConflict, land
    from missions.models import Mission
    from parallagon.accounts.models import User
    from parallagon.core.errors import LockError

    mission = Mission.objects.get()
    author = Author.person(User.objects.get())
    while True:
        path = chance.choice([*PERSON_FILES, where_it_is()])  # and may have moved by then
        number, text = current(path)
        marker = f"person-{uuid4().hex}"
        changed = Change(path=path, text=edited(text, marker, chance), base=number)
        try:
            FUSE.is_lit = True
            land(mission, [changed], author=author, now=timezone.now(), timeout=10)
        except (LandingConflict, LockError):
            continue  # told so: the text is still in the person's browser
        finally:
            FUSE.is_lit = False
        yield [marker]


def browser_rounds(chance: random.Random) -> Iterator[list[str]]:
    """Save one file again and again over HTTP, as the page does."""
    from django.test import Client

    from missions.models import Mission
    from parallagon.accounts.models import User

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(User.objects.get())
    mission = Mission.objects.get()
    while True:
        path = chance.choice(PERSON_FILES)
        address = f"/api/v1/missions/{mission.pk}/files/{path}"
        known = client.get(address).json()
        marker = f"browser-{uuid4().hex}"
        text = edited(known["text"], marker, chance)
        body = {"text": text, "base": known["revision"]}
        answer = client.put(address, body, content_type="application/json")
        if answer.status_code == 200:
            yield [marker]
        elif answer.status_code not in {409, 503}:  # told so: the text is still in the browser
            raise AssertionError(answer.content)


def agent_rounds(chance: random.Random) -> Iterator[list[str]]:
    """Land two files a run under a lease, with bases that may be old by then."""
    from django.utils import timezone

    from missions.landing import Author, Change, land
    from missions.leases import release_lease, take_lease
    from missions.models import Mission
    from parallagon.core.errors import LockError

    mission = Mission.objects.get()
    while True:
        run = uuid4()
        now = timezone.now()
        try:
            lease = take_lease(
                mission_id=mission.pk,
                role="production",
                run_id=run,
                patterns=["production.md", "production/**"],
                now=now,
                ends_at=now + timedelta(seconds=0.2),
            )
        except LockError:
            continue
        markers, changes = [], []
        for path in AGENT_FILES:
            number, text = current(path)
            markers.append(f"agent-{uuid4().hex}")
            text = edited(text, markers[-1], chance)
            changes.append(Change(path=path, text=text, base=number))
        try:
            author = Author.agent("production", run)
            FUSE.is_lit = True
            land(mission, changes, author=author, now=now, fence=lease.token, timeout=10)
        except LockError:
            continue
        finally:
            FUSE.is_lit = False
            release_lease(run, now=timezone.now())
        yield markers


def mover_rounds(chance: random.Random) -> Iterator[list[str]]:
    """Move one file again and again, with another text each time."""
    from django.utils import timezone

    from missions.landing import Author, Change, LandingConflict, land
    from missions.models import Mission
    from parallagon.accounts.models import User
    from parallagon.core.errors import LockError

    mission = Mission.objects.get()
    author = Author.person(User.objects.get())
    while True:
        old = where_it_is()
        number, text = current(old)
        marker = f"mover-{uuid4().hex}"
        moved = Change(
            path=chance.choice([path for path in MOVING if path != old]),
            moved_from=old,
            text=edited(text, marker, chance),
            base=number,
        )
        FUSE.is_lit = True
        try:
            land(mission, [moved], author=author, now=timezone.now(), timeout=10)
        except (LandingConflict, LockError):
            continue
        finally:
            FUSE.is_lit = False
        yield [marker]


def where_it_is() -> str:
    from missions.models import MissionFile

    return MissionFile.objects.get(path__in=MOVING).path


def editor_rounds(save: Callable[[Path, str], None], chance: random.Random) -> Iterator[list[str]]:
    """Add a line to what lies in the folder, again and again, knowing nothing of Parallagon."""
    path = next((FOLDER / "missions").iterdir()) / PERSON_FILES[0]
    for _ in range(MOST_LINES):
        marker = f"editor-{uuid4().hex}"
        save(path, f"{path.read_text()}{marker}\n")
        yield [marker]
        time.sleep(chance.uniform(0, LONGEST_PAUSE))
    (FOLDER / "editor.done").touch()
    signal.pause()


def save_by_rename(path: Path, text: str) -> None:
    new = path.with_name("editor.new")
    new.write_text(text)
    new.replace(path)


def save_in_place(path: Path, text: str) -> None:
    path.write_text(text)


def current(path: str) -> tuple[int, str]:
    from missions.models import MissionFile
    from missions.storage import BlobStore

    files = MissionFile.objects.select_related("current")
    file = files.filter(path=path).first() or files.get(path__in=MOVING)  # it has just moved
    revision = file.current
    assert revision is not None
    assert revision.blob_id is not None
    return revision.number, BlobStore().get(revision.blob_id).decode()


def edited(text: str, marker: str, chance: random.Random) -> str:
    paragraphs = text.split("\n\n")
    paragraphs[chance.randrange(PARAGRAPHS)] = marker
    return "\n\n".join(paragraphs)


def history(path: str) -> dict[str, Any]:
    """Return the revisions of what is, or was, at a path, the oldest first."""
    from missions.models import Revision
    from missions.storage import BlobStore

    revisions = [
        {
            "operation": revision.operation,
            "author": revision.author_kind,
            "text": revision.blob_id and BlobStore().get(revision.blob_id).decode(),
        }
        for revision in Revision.objects.filter(path=path).order_by("pk")
    ]
    return {"revisions": revisions}


def check() -> dict[str, Any]:
    """Recover, then compare folder, database and what was acknowledged."""
    from django.db.models import Count
    from django.utils import timezone

    from missions.landing import recover_all, take_in
    from missions.models import Blob, LandingRecord, Mission, MissionFile, Revision
    from missions.storage import BlobStore, FileManager

    mission = Mission.objects.get()
    store, folder = BlobStore(), FileManager(mission)
    recovered = recover_all()
    take_in(mission, folder.scan(), now=timezone.now())
    files = MissionFile.objects.select_related("current")
    hashes = {file.path: file.current.blob_id for file in files if file.current}
    kept = {
        marker
        for blob in Blob.objects.values_list("pk", flat=True)
        for marker in MARKER.findall(store.get(blob).decode())
    }
    acknowledged = ACKNOWLEDGED.read_text().split() if ACKNOWLEDGED.exists() else []
    by_run = Revision.objects.filter(author_kind="agent").order_by().values_list("run_id")
    runs = by_run.annotate(count=Count("pk"))
    return {
        "acknowledged": len(acknowledged),
        "writers": Counter(marker.partition("-")[0] for marker in acknowledged),
        "revisions": Revision.objects.count(),
        "recovered": recovered,
        "lost": [marker for marker in acknowledged if marker not in kept],
        "differing": [
            path for path, blob in hashes.items() if folder.read(path) != store.get(blob or "")
        ],
        "strays": strays(folder, {file.path for file in files}),
        "open": LandingRecord.objects.filter(state="OPEN").count(),
        "halves": [str(run) for run, count in runs if count != len(AGENT_FILES)],
        "external": Revision.objects.filter(author_kind="external").count(),
        "leftovers": sorted(
            path.name for path in folder.root.rglob(".*") if path.suffix in {".tmp", ".kept"}
        ),
        "errors": [path.read_text() for path in FOLDER.glob("error-*.log")],
    }


def strays(folder: "FileManager", present: set[str]) -> list[str]:
    """Return what lies in the folder and belongs nowhere: files at old paths, empty folders."""
    empty = [
        path.name for path in folder.root.rglob("*") if path.is_dir() and not any(path.iterdir())
    ]
    return sorted({*folder.scan()} - present) + empty


if __name__ == "__main__":
    main()
