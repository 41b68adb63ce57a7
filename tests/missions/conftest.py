"""A mission with two files, its owner, and short ways to land and to look."""

import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from missions.landing import Author, Change, Landing, land
from missions.leases import take_lease
from missions.locks import pubsub
from missions.models import Lease, Mission, MissionFile, Revision
from missions.storage import BlobStore, FileManager
from parallagon.accounts.models import User
from tests.factories import make_mission, make_user
from tests.valkey import Valkey

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
TEXT = "# Title\n\nFirst.\n\nSecond.\n\nThird.\n"


@pytest.fixture(autouse=True)
def private_data(settings: Any, tmp_path: Path) -> Path:
    """Give each test a data directory of its own: mission numbers come back, folders must not."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def owner(db: None) -> User:
    return make_user(first_name="Ada", last_name="Lovelace")


@pytest.fixture
def mission(owner: User) -> Mission:
    return make_mission(owner=owner, files={"production.md": TEXT, "suivi.md": "Nothing yet.\n"})


class Desk:
    """What a test does to one mission."""

    def __init__(self, mission: Mission, owner: User) -> None:
        self.mission = mission
        self.owner = owner
        self.folder = FileManager(mission)

    def save(self, path: str, text: str | None, base: int | None, **options: Any) -> Landing:
        """Land one file as the owner."""
        return self.land([Change(path=path, text=text, base=base)], **options)

    def land(self, changes: list[Change], **options: Any) -> Landing:
        options.setdefault("author", Author.person(self.owner))
        options.setdefault("now", NOW)
        return land(self.mission, changes, **options)

    def lease(self, role: str = "production", *patterns: str, **options: Any) -> Lease:
        values = {"run_id": uuid4(), "now": NOW, "ends_at": NOW + timedelta(minutes=10), **options}
        return take_lease(
            mission_id=self.mission.pk,
            role=role,
            patterns=patterns or (f"{role}.md", f"{role}/**"),
            **values,
        )

    def run(self, lease: Lease, changes: list[Change], **options: Any) -> Landing:
        """Land the changes of a run under its lease."""
        author = Author.agent(lease.role, lease.run_id)
        return self.land(changes, author=author, fence=lease.token, **options)

    def current(self, path: str) -> Revision:
        files = MissionFile.objects.select_related("current").filter(mission=self.mission)
        file = files.order_by("is_removed", "-pk").filter(path=path)[0]
        assert file.current is not None
        return file.current

    def first(self, path: str) -> Revision:
        return Revision.objects.get(file__mission=self.mission, file__path=path, number=1)

    def text(self, path: str) -> str:
        """Return the text that readers get."""
        revision = self.current(path)
        assert revision.blob_id is not None
        return BlobStore().get(revision.blob_id).decode()

    def history(self, path: str) -> list[Revision]:
        """Return the revisions of the file that is at ``path`` now, the oldest first."""
        return list(Revision.objects.filter(file=self.current(path).file).order_by("number"))

    def on_disk(self, path: str) -> bytes | None:
        return self.folder.read(path)

    def texts(self, path: str) -> list[str]:
        """Return the texts of all revisions of a file, the oldest first."""
        revisions = Revision.objects.filter(file__mission=self.mission, file__path=path)
        blobs = revisions.order_by("number").values_list("blob_id", flat=True)
        return [BlobStore().get(blob).decode() if blob else "" for blob in blobs]


@pytest.fixture
def desk(mission: Mission, owner: User) -> Desk:
    return Desk(mission, owner)


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, OSError], None]:
    """Make a call of the system fail from now on: the outer edge of everything that writes."""

    def fail(name: str, error: OSError) -> None:
        def refuse(*_args: Any, **_options: Any) -> None:
            raise error

        monkeypatch.setattr(f"os.{name}", refuse)

    return fail


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with tempfile.TemporaryDirectory() as folder:
        valkey = Valkey(Path(folder))
        valkey.start()
        yield valkey
        valkey.kill()


@pytest.fixture
def on_files(settings: Any) -> None:
    settings.PARALLAGON_LOCKS = "file"


@pytest.fixture
def on_redis(settings: Any, server: Valkey, monkeypatch: pytest.MonkeyPatch) -> Iterator[Valkey]:
    """Use subscriptions; a busy machine must not make anyone look dead."""
    monkeypatch.setattr(pubsub, "DEAD_AFTER", 60.0)
    settings.PARALLAGON_LOCKS = "redis"
    settings.REDIS_URL = server.url
    settings.REDIS_PREFIX = f"test-{uuid4().hex[:8]}"
    yield server
    pubsub.client(server.url).close()


@pytest.fixture(params=["file", "redis"])
def kind(request: pytest.FixtureRequest) -> str:
    """Run the test with each kind of lock."""
    request.getfixturevalue("on_files" if request.param == "file" else "on_redis")
    return str(request.param)
