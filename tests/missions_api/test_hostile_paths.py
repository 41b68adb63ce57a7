"""Every hostile path through every address that takes one: refused at once, nothing touched.

The addresses are read from the map of addresses, so that a new one is tried without being named.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from rest_framework.test import APIClient

from missions.api.urls import urlpatterns
from missions.models import Event, LandingRecord, Mission, MissionFile, Revision
from missions.storage import FileManager
from tests.missions.hostile_paths import EMPTY, HOSTILE

METHODS = ("get", "post", "put", "patch", "delete")
REFUSED = {400, 404, 405, 422}  # 400: half a surrogate pair is no JSON text
MOST_SECONDS = 0.2
TRIES = 4  # the best of them counts, in time of the processor: other work must not decide
KNOWN = "production.md"


@dataclass(frozen=True)
class Door:
    """A method of an address that takes a path."""

    method: str
    address: str  # with {path}
    in_body: bool = False

    def __str__(self) -> str:
        return f"{self.method} {self.address}{' in the body' if self.in_body else ''}"

    def knock(self, client: APIClient, url: str, path: str) -> int:
        """Ask with ``path`` and return the status."""
        body = {"path": path, "text": "x", "base": None, "number": 1, "revision": 1}
        if self.in_body:
            address = self.address.format(path=KNOWN)
        else:
            address = self.address.format(path=quote(path, safe="", errors="surrogatepass"))
            body["path"] = "fine.md"
        # As it may be sent: half a surrogate pair can be written in JSON.
        sent = json.dumps(body)
        call = getattr(client, self.method)
        if self.method == "get":
            return int(call(f"{url}{address}").status_code)
        return int(call(f"{url}{address}", sent, content_type="application/json").status_code)


def doors() -> Iterator[Door]:
    """Yield every method of every address of a file, and those whose body names one."""
    prefix = "missions/<int:mission_id>/"
    for pattern in urlpatterns:
        address = str(pattern.pattern).removeprefix(prefix).replace("<file:path>", "<path:path>")
        if "<path:path>" not in address:
            continue
        address = address.replace("<path:path>", "{path}").replace("<int:number>", "1")
        address += "?from=0&to=1" if address.endswith("/diff") else ""
        view = pattern.callback.view_class  # type: ignore[attr-defined] # of View.as_view
        for method in METHODS:
            if hasattr(view, method):
                yield Door(method, address)
    yield Door("post", "files/", in_body=True)
    if "patch" in {door.method for door in map(_file_door, METHODS) if door}:
        yield Door("patch", "files/{path}", in_body=True)


def _file_door(method: str) -> Door | None:
    """Return the method of a file itself, where there is one."""
    for pattern in urlpatterns:
        if str(pattern.pattern).endswith("/<path:path>"):
            view = pattern.callback.view_class  # type: ignore[attr-defined] # of View.as_view
            return Door(method, "files/{path}") if hasattr(view, method) else None
    return None


DOORS = list(doors())


@pytest.fixture
def canaries(private_data: Path, mission: Mission) -> list[Path]:
    """Put files where a path that escapes would lead."""
    root = FileManager(mission).root
    found = [
        private_data / "canary.md",
        private_data / "secret.md",
        root.parent / "canary.md",
        root.parent / "a.md",
        root.parent / "secret.md",
        root / ".env",
    ]
    for canary in found:
        canary.write_text("mine")
    return found


def everything(root: Path) -> dict[str, str]:
    """Return every file below ``root`` with the hash of its bytes, every folder without."""
    return {
        str(path.relative_to(root)): hashlib.sha256(path.read_bytes()).hexdigest()
        if path.is_file()
        else "folder"
        for path in root.rglob("*")
        if "locks" not in path.parts
    }


def rows() -> dict[str, Any]:
    return {
        "files": list(MissionFile.objects.order_by("pk").values()),
        "revisions": Revision.objects.count(),
        "landings": LandingRecord.objects.count(),
        "events": Event.objects.count(),
    }


def seconds(door: Door, client: APIClient, url: str, path: str) -> float:
    best = float("inf")
    for _ in range(TRIES):
        started = time.thread_time()
        door.knock(client, url, path)
        best = min(best, time.thread_time() - started)
        if best < MOST_SECONDS:
            break
    return best


def test_every_kind_of_address_is_tried() -> None:
    found = {str(door) for door in DOORS}

    assert {
        "get files/{path}",
        "put files/{path}",
        "delete files/{path}",
        "post files/{path}/restore",
        "get files/{path}/diff?from=0&to=1",
        "get files/{path}/revisions/",
        "get files/{path}/revisions/1/",
        "post files/ in the body",
    } <= found


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_hostile_paths_are_refused_and_touch_nothing(
    door: Door, client: APIClient, url: str, private_data: Path, canaries: list[Path]
) -> None:
    files, before = everything(private_data), rows()
    paths = HOSTILE if door.in_body else [path for path in HOSTILE if path != EMPTY]

    answers = {path: door.knock(client, url, path) for path in paths}

    assert {ascii(path[:80]): code for path, code in answers.items() if code not in REFUSED} == {}
    assert everything(private_data) == files
    assert rows() == before
    assert all(canary.read_text() == "mine" for canary in canaries)


@pytest.mark.parametrize("door", DOORS, ids=str)
def test_no_hostile_path_takes_long(door: Door, client: APIClient, url: str) -> None:
    paths = [path for path in HOSTILE if path != EMPTY or door.in_body]

    slow = {ascii(path[:80]): seconds(door, client, url, path) for path in paths}

    assert {path: taken for path, taken in slow.items() if taken >= MOST_SECONDS} == {}
