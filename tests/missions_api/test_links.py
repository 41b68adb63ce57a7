"""What is not a plain file in a mission's folder is said, not served."""

import os
import socket
import stat
from collections.abc import Callable
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from rest_framework.test import APIClient

from missions.models import Mission, Revision
from missions.storage import FileManager

KINDS = [
    "link", "link to nothing", "link to a folder", "link to a device", "hard link", "fifo",
    "socket", "folder",
]  # fmt: skip
OPERATIONS: dict[str, Callable[[APIClient, str], Any]] = {
    "save": lambda client, file: client.put(file, {"text": "new\n", "base": 1}, format="json"),
    "remove": lambda client, file: client.delete(file),
}


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.md").write_text("mine")
    return folder


def plant(kind: str, at: Path, outside: Path) -> None:
    at.unlink(missing_ok=True)
    targets = {
        "link": outside / "secret.md",
        "link to nothing": outside / "new.md",
        "link to a folder": outside,
        "link to a device": Path("/dev/zero"),
    }
    if kind in targets:
        at.symlink_to(targets[kind])
    elif kind == "hard link":
        at.hardlink_to(outside / "secret.md")
    elif kind == "fifo":
        os.mkfifo(at)
    elif kind == "socket":
        with socket.socket(socket.AF_UNIX) as listener:
            folder = os.open(at.parent, os.O_RDONLY)
            try:
                listener.bind(f"/proc/self/fd/{folder}/{at.name}")  # its own path is too long
            finally:
                os.close(folder)
    else:
        at.mkdir()


def assert_untouched(outside: Path) -> None:
    assert [path.name for path in outside.iterdir()] == ["secret.md"]
    assert (outside / "secret.md").read_text() == "mine"


@pytest.mark.parametrize("kind", KINDS)
class TestPlanted:
    @pytest.mark.parametrize("operation", OPERATIONS)
    def test_over_a_file_is_refused_with_a_sentence(
        self,
        client: APIClient,
        mission: Mission,
        url: str,
        outside: Path,
        kind: str,
        operation: str,
    ) -> None:
        planted = FileManager(mission).root / "production.md"
        plant(kind, planted, outside)
        before = stat.S_IFMT(planted.lstat().st_mode)

        answer = OPERATIONS[operation](client, f"{url}files/production.md")

        assert answer.status_code == HTTPStatus.CONFLICT
        assert answer.json()["code"] == "not_a_plain_file"
        assert answer.json()["detail"].startswith("production.md ")
        assert stat.S_IFMT(planted.lstat().st_mode) == before
        assert Revision.objects.filter(file__path="production.md").count() == 1
        assert_untouched(outside)

    def test_where_nothing_was_is_no_file(
        self, client: APIClient, mission: Mission, url: str, outside: Path, kind: str
    ) -> None:
        plant(kind, FileManager(mission).root / "new.md", outside)

        listed = client.get(f"{url}files/").json()["results"]
        answer = client.post(f"{url}files/", {"path": "new.md", "text": "x\n"}, format="json")

        assert "new.md" not in [file["path"] for file in listed]
        assert FileManager(mission).scan() == ["demande.md", "production.md"]
        assert (answer.status_code, answer.json()["code"]) == (409, "not_a_plain_file")
        assert_untouched(outside)

    def test_readers_get_what_landed(
        self, client: APIClient, mission: Mission, url: str, outside: Path, kind: str
    ) -> None:
        plant(kind, FileManager(mission).root / "production.md", outside)

        answer = client.get(f"{url}files/production.md")

        assert (answer.status_code, answer.json()["revision"]) == (200, 1)
        assert "mine" not in answer.json()["text"]


@pytest.mark.parametrize("kind", ["link to a folder", "fifo", "socket", "hard link"])
def test_nothing_is_written_below_what_is_no_folder(
    client: APIClient, mission: Mission, url: str, outside: Path, kind: str
) -> None:
    plant(kind, FileManager(mission).root / "notes", outside)

    answer = client.post(f"{url}files/", {"path": "notes/a.md", "text": "x\n"}, format="json")

    assert (answer.status_code, answer.json()["code"]) == (409, "not_a_plain_file")
    assert_untouched(outside)
