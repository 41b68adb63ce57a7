"""Who wrote each line: ``files.provenance``, beside what ``git blame`` takes for the same history.

A file of 200 KB with 2,000 revisions: most change a line or two, some add a paragraph, some move
one. Asked over the API's own view, once with nothing kept and once more as everybody after.
"""

import random
import shutil
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import django

REVISIONS = 2000
LINES = 3200
SIZE = 200_000
COLD, WARM, BLAMES = 5, 20, 3
PATH = "production.md"


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures for changes at one place, and for changes all over the text."""
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    for name, places in (("one place", 1), ("all over", 6)):
        texts = history(random.Random(places), places)  # noqa: S311 - no secret
        yield measure(folder / f"git-{places}", name, texts)


def measure(folder: Path, name: str, texts: Sequence[str]) -> dict[str, Any]:
    from missions.models import Provenance

    ask, key = installed(texts)
    cold, cpu = [], []
    for _ in range(COLD):
        Provenance.objects.filter(revision__file=key).delete()
        began = time.process_time()
        cold.append(timed(ask))
        cpu.append((time.process_time() - began) * 1000)
    warm = [timed(ask) for _ in range(WARM)]
    blame = git_blame(folder, texts)
    value = statistics.median(cold)
    return {
        "name": "files.provenance",
        "changes": name,
        "value": round(value, 1),
        "worst": round(max(cold), 1),
        "cpu": round(statistics.median(cpu), 1),  # of all threads; two run beside the caller's
        "warm": round(statistics.median(warm), 1),
        "unit": "ms",
        "versus": "git blame" if blame else None,
        "versus_value": round(blame, 1) if blame else None,
        "ratio": round(blame / value, 2) if blame else None,
        "warm_ratio": round(blame / statistics.median(warm), 1) if blame else None,
        "revisions": len(texts),
        "bytes": len(texts[-1].encode()),
        "database": "sqlite",
    }


def timed(ask: Callable[[], Any]) -> float:
    started = time.perf_counter()
    ask()
    return (time.perf_counter() - started) * 1000


# -- a history -----------------------------------------------------------------------------------


def history(chance: random.Random, places: int) -> list[str]:
    """Return the texts of all revisions, the oldest first."""
    words = ["".join(chance.choices("aeioulmnrst", k=chance.randint(2, 9))) for _ in range(2000)]

    def line() -> str:
        return " ".join(chance.choices(words, k=12)) if chance.random() < 0.85 else ""

    lines = [line() for _ in range(LINES)]
    texts = []
    for _ in range(REVISIONS):
        for _place in range(places):
            at = chance.randrange(len(lines) - 12)
            size = chance.choice([1, 1, 1, 2, 3])
            lines[at : at + size] = [line() for _ in range(size)]
            if chance.random() < 0.1:
                passage, lines[at : at + 8] = lines[at : at + 8], []
                to = chance.randrange(len(lines))
                lines[to:to] = passage
        texts.append("\n".join(lines) + "\n")
    assert len(texts[-1].encode()) >= SIZE * 0.95, len(texts[-1].encode())
    return texts


def installed(texts: Sequence[str]) -> tuple[Callable[[], None], int]:
    """Put the history into the database and the blob store; return how to ask, and the file's key.

    The rows are written at once: landing 2,000 times is another benchmark.
    """
    from django.test import Client
    from django.utils import timezone

    from missions.models import Blob, Membership, Mission, MissionFile, Revision
    from missions.storage import BlobStore
    from parallagon.accounts.models import User

    user = User.objects.create_user(username=uuid.uuid4().hex)
    mission = Mission.objects.create(title="History", owner=user, model="offline/writer")
    Membership.objects.create(mission=mission, user=user, role="owner")
    file = MissionFile.objects.create(mission=mission, path=PATH, path_key=PATH)
    store = BlobStore()
    names = [store.put(text.encode()) for text in texts]
    blobs = [Blob(hash=name, size=len(text)) for name, text in zip(names, texts, strict=True)]
    Blob.objects.bulk_create(blobs, ignore_conflicts=True)
    Revision.objects.bulk_create(
        Revision(
            file=file, number=number, path=PATH, operation="WRITE", blob_id=name,
            author_kind="person" if number % 2 else "agent", user=user if number % 2 else None,
            role="" if number % 2 else "production", run_id=None if number % 2 else uuid.uuid4(),
            created_at=timezone.now(),
        )
        for number, name in enumerate(names, start=1)
    )  # fmt: skip
    file.current = file.revisions.order_by("-number").first()
    file.save(update_fields=["current"])
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user)

    def ask() -> None:
        address = f"/api/v1/missions/{mission.pk}/files/{PATH}/provenance"
        while (response := client.get(address)).status_code == 503:
            """It goes on where it left off."""
        assert response.status_code == 200, response.content

    return ask, file.pk


# -- the same by git -----------------------------------------------------------------------------


def git_blame(folder: Path, texts: Sequence[str]) -> float | None:
    """Return what ``git blame`` takes, moved lines included (``-M``); ``None`` without git."""
    git = shutil.which("git")
    if git is None:
        return None
    folder.mkdir()
    subprocess.run([git, "init", "--quiet", str(folder)], check=True)
    subprocess.run([git, "fast-import", "--quiet"], cwd=folder, input=stream(texts), check=True)
    command = [git, "blame", "-M", "--line-porcelain", "main", "--", PATH]

    def blame() -> None:
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)

    return statistics.median(timed(blame) for _ in range(BLAMES))


def stream(texts: Sequence[str]) -> bytes:
    """Return the history as ``git fast-import`` reads it."""
    parts = []
    for number, text in enumerate(texts, start=1):
        content = text.encode()
        parts.append(
            b"commit refs/heads/main\ncommitter A <a@example.org> %d +0000\ndata 0\n"
            b"M 100644 inline %s\ndata %d\n%s\n"
            % (1_700_000_000 + number, PATH.encode(), len(content), content)
        )
    return b"".join(parts)
