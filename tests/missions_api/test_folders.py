"""A mission in a folder that somebody has: which, what is taken in, and where it may move."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions import locks, standard, tasks
from missions.landing import Author, Change, Landing, land
from missions.models import LandingRecord, Mission, MissionFile, Revision
from missions.services import DeleteMission, MoveMission, PurgeMission, relocate
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import FileOperationError
from tests.missions_api.conftest import TEXT, browser

NEW = {"title": "A guide", "language": "en"}


@pytest.fixture
def root(private_data: Path, tmp_path_factory: pytest.TempPathFactory, settings: Any) -> Path:
    root = tmp_path_factory.mktemp("texts")
    settings.PARALLAGON_EXTERNAL_ROOTS = [root]
    return root


@pytest.fixture
def folder(root: Path) -> Path:
    """Somebody's folder: a request, more texts, and what is no text."""
    folder = root / "guide"
    (folder / "production").mkdir(parents=True)
    (folder / "demande.md").write_text("# My request\n")
    (folder / "production" / "a.md").write_text("# A\n")
    (folder / "photo.png").write_bytes(b"\x89PNG")
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00")
    (folder / ".git").mkdir()
    (folder / ".git" / "config.toml").write_text("secret\n")
    return folder


def create(client: APIClient, folder: Any, **more: Any) -> Any:
    return client.post("/api/v1/missions/", {**NEW, "folder": str(folder), **more}, format="json")


def adopted(client: APIClient, folder: Path) -> Mission:
    answer = create(client, folder)
    assert answer.status_code == 201, answer.content
    return Mission.objects.get(pk=answer.json()["id"])


def content(mission: Mission, path: str) -> str:
    return (FileManager(mission).root / path).read_text()


def put(client: APIClient, mission: Mission, path: str, text: str, base: int | None) -> Any:
    url = f"/api/v1/missions/{mission.pk}/files/{path}"
    return client.put(url, {"text": text, "base": base}, format="json")


def move(client: APIClient, mission: Mission, folder: Any) -> Any:
    return client.patch(f"/api/v1/missions/{mission.pk}/", {"folder": str(folder)}, format="json")


class TestCreateFromFolder:
    def test_takes_in_what_is_there(self, client: APIClient, folder: Path) -> None:
        mission = adopted(client, folder)

        found = Revision.objects.filter(file__mission=mission, author_kind="external")
        assert set(found.values_list("path", flat=True)) == {"demande.md", "production/a.md"}
        request = client.get(f"/api/v1/missions/{mission.pk}/files/demande.md").json()
        assert request["text"] == "# My request\n"

    def test_makes_the_missing_standard_files_there(self, client: APIClient, folder: Path) -> None:
        mission = adopted(client, folder)

        for path, text in standard.templates("en").items():
            expected = "# My request\n" if path == "demande.md" else text
            assert (folder / path).read_text() == expected == content(mission, path)

    def test_leaves_odd_files_alone_and_says_so(self, client: APIClient, folder: Path) -> None:
        left = {one["path"]: one["reason"] for one in create(client, folder).json()["left_alone"]}

        assert set(left) == {"photo.png", "bad.md"}
        assert all(left.values())
        assert (folder / "bad.md").read_bytes() == b"\xff\xfe\x00"
        assert (folder / ".git" / "config.toml").read_text() == "secret\n"

    def test_with_a_request_of_ones_own(self, client: APIClient, root: Path) -> None:
        (root / "empty").mkdir()

        mission = Mission.objects.get(
            pk=create(client, root / "empty", request="Mine.\n").json()["id"]
        )

        assert content(mission, "demande.md") == "Mine.\n"

    def test_two_requests_are_one_too_many(self, client: APIClient, folder: Path) -> None:
        before = sorted(folder.rglob("*"))

        answer = create(client, folder, request="Mine.\n")

        assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        assert not Mission.objects.exists()
        assert sorted(folder.rglob("*")) == before

    def test_a_standard_file_that_is_no_text_is_not_replaced(
        self, client: APIClient, folder: Path
    ) -> None:
        (folder / "suivi.md").write_bytes(b"\xff\xfe\x00")

        mission = adopted(client, folder)

        assert not MissionFile.objects.filter(mission=mission, path="suivi.md").exists()
        assert (folder / "suivi.md").read_bytes() == b"\xff\xfe\x00"

    def test_names_that_differ_by_case_are_not_mixed_up(
        self, client: APIClient, folder: Path
    ) -> None:
        (folder / "Notes.md").write_text("one\n")
        (folder / "notes.md").write_text("two\n")

        answer = create(client, folder).json()

        assert "notes.md" in {one["path"] for one in answer["left_alone"]}
        assert (folder / "notes.md").read_text() == "two\n"

    def test_too_many_files_are_refused(
        self, client: APIClient, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("missions.storage.folder.MOST_FILES", 3)

        answer = create(client, folder)

        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert not Mission.objects.exists()

    def test_too_many_bytes_are_refused(
        self, client: APIClient, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("missions.landing.adopt.MOST_BYTES", 5)

        assert create(client, folder).status_code == 413
        assert not (folder / "suivi.md").exists()


class TestWhichFolder:
    @pytest.mark.parametrize(
        "wrong", ["relative", "../up", "~", "a\0b", " ", "/a\nb", "/" + 600 * "x"]
    )
    def test_is_named_by_its_path(self, client: APIClient, root: Path, wrong: str) -> None:
        assert create(client, wrong).status_code == 422

    def refused(self, client: APIClient, folder: Any, code: str) -> None:
        answer = create(client, folder)
        assert (answer.status_code, answer.json()["code"]) == (
            503 if code in {"folder_gone", "folder_read_only"} else 409,
            code,
        )
        assert not Mission.objects.filter(folder=str(folder)).exists()

    def test_none_without_a_root(self, client: APIClient, folder: Path, settings: Any) -> None:
        settings.PARALLAGON_EXTERNAL_ROOTS = []

        self.refused(client, folder, "folder_not_allowed")

    def test_not_outside_of_the_roots(
        self, client: APIClient, root: Path, tmp_path_factory: pytest.TempPathFactory
    ) -> None:
        outside = tmp_path_factory.mktemp("outside")
        for folder in (outside, root, f"{root}x", "/", "/etc/passwd", "/no/such/folder"):
            self.refused(client, folder, "folder_not_allowed")

    def test_not_upwards(self, client: APIClient, folder: Path) -> None:
        assert create(client, folder / ".." / ".." / "x").status_code == 422

    def test_not_behind_a_link(self, client: APIClient, folder: Path, root: Path) -> None:
        (root / "link").symlink_to(folder)
        (root / "sub").symlink_to(root)

        self.refused(client, root / "link", "folder_not_allowed")
        self.refused(client, root / "sub" / "guide", "folder_not_allowed")

    def test_a_root_may_be_reached_by_a_link(
        self, client: APIClient, folder: Path, tmp_path: Path, settings: Any
    ) -> None:
        (tmp_path / "by-link").symlink_to(folder.parent)
        settings.PARALLAGON_EXTERNAL_ROOTS = [tmp_path / "by-link"]
        settings.DATA_DIR = tmp_path / "data"

        assert adopted(client, tmp_path / "by-link" / "guide").folder == str(folder)

    def test_not_one_that_is_not_there(self, client: APIClient, root: Path) -> None:
        (root / "file").write_text("x")

        self.refused(client, root / "nothing", "folder_gone")
        assert "make it first" in create(client, root / "nothing").json()["detail"]
        self.refused(client, root / "file", "folder_gone")

    def test_not_the_data_directory(
        self, client: APIClient, private_data: Path, settings: Any
    ) -> None:
        settings.PARALLAGON_EXTERNAL_ROOTS = [private_data.parent]
        (private_data / "missions").mkdir(exist_ok=True)

        self.refused(client, private_data, "folder_not_allowed")
        self.refused(client, private_data / "missions", "folder_not_allowed")

    def test_not_the_inside_of_a_repository(self, client: APIClient, folder: Path) -> None:
        self.refused(client, folder / ".git", "folder_not_allowed")
        bare = folder.parent / "bare"
        for name in ("objects", "refs"):
            (bare / name).mkdir(parents=True)
        (bare / "HEAD").write_text("ref: refs/heads/main\n")
        self.refused(client, bare, "folder_not_allowed")

    def test_not_one_that_is_taken(
        self, client: APIClient, folder: Path, root: Path, stranger: User
    ) -> None:
        mission = adopted(client, folder)
        DeleteMission(mission=mission, user=mission.owner, now=timezone.now()).execute()
        (root / "guide" / "inner").mkdir()

        for other in (folder, folder / "inner"):
            answer = create(browser(stranger), other)
            assert (answer.status_code, answer.json()["code"]) == (409, "folder_taken")

    def test_two_at_once_get_it_once(
        self, client: APIClient, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        adopted(client, folder)
        monkeypatch.setattr("missions.services.adopt.check_unused", lambda *_a, **_o: None)

        assert create(client, folder).json()["code"] == "folder_taken"


class TestEveryUse:
    def test_a_root_that_was_taken_away_ends_it(
        self, client: APIClient, folder: Path, settings: Any
    ) -> None:
        mission = adopted(client, folder)
        roots, settings.PARALLAGON_EXTERNAL_ROOTS = settings.PARALLAGON_EXTERNAL_ROOTS, []

        answer = put(client, mission, "demande.md", "New.\n", 1)

        assert (answer.status_code, answer.json()["code"]) == (409, "folder_not_allowed")
        assert (folder / "demande.md").read_text() == "# My request\n"
        text = client.get(f"/api/v1/missions/{mission.pk}/files/demande.md").json()["text"]
        assert text == "# My request\n"
        settings.PARALLAGON_EXTERNAL_ROOTS = roots
        assert put(client, mission, "demande.md", "New.\n", 1).status_code == 200

    @pytest.mark.parametrize("replaced", ["guide", "."])
    def test_a_link_in_its_place_ends_it(
        self, client: APIClient, root: Path, settings: Any, tmp_path: Path, replaced: str
    ) -> None:
        inner = root / "deep" / "guide"
        inner.mkdir(parents=True)
        mission = adopted(client, inner)
        victim = tmp_path / "victim"
        elsewhere = victim if replaced == "guide" else victim / "guide"
        elsewhere.mkdir(parents=True)
        place = inner if replaced == "guide" else inner.parent
        place.rename(root / "was")
        place.symlink_to(victim)

        answer = put(client, mission, "demande.md", "New.\n", 1)

        assert (answer.status_code, answer.json()["code"]) == (409, "folder_not_allowed")
        assert list(elsewhere.iterdir()) == []

    def test_one_that_is_gone_comes_back_by_itself(
        self, client: APIClient, folder: Path, root: Path
    ) -> None:
        mission = adopted(client, folder)
        folder.rename(root / "away")

        answer = put(client, mission, "demande.md", "New.\n", 1)

        assert (answer.status_code, answer.json()["code"]) == (503, "folder_gone")
        assert answer["Retry-After"]
        assert not folder.exists()
        (root / "away").rename(folder)
        assert put(client, mission, "demande.md", "New.\n", 1).status_code == 200
        assert (folder / "demande.md").read_text() == "New.\n"

    def test_one_that_cannot_be_written_comes_back_by_itself(
        self, client: APIClient, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        mission = adopted(client, folder)
        real = os.access
        monkeypatch.setattr(
            os, "access", lambda path, mode: Path(path) != folder and real(path, mode)
        )

        answer = put(client, mission, "demande.md", "New.\n", 1)

        assert (answer.status_code, answer.json()["code"]) == (503, "folder_read_only")
        assert (folder / "demande.md").read_text() == "# My request\n"
        monkeypatch.undo()
        assert put(client, mission, "demande.md", "New.\n", 1).status_code == 200

    def test_gone_in_the_middle_of_a_landing_it_is_finished_later(
        self, client: APIClient, folder: Path, root: Path, owner: User
    ) -> None:
        mission = adopted(client, folder)

        def vanish(_landing: Landing) -> None:
            folder.rename(root / "away")

        land(
            mission,
            [Change(path="demande.md", text="New.\n", base=1)],
            author=Author.person(owner),
            now=timezone.now(),
            within=vanish,
        )

        assert LandingRecord.objects.filter(mission=mission, state="OPEN").count() == 1
        assert not folder.exists()
        (root / "away").rename(folder)
        tasks.recover()
        assert (folder / "demande.md").read_text() == "New.\n"
        assert not LandingRecord.objects.filter(mission=mission, state="OPEN").exists()

    def test_purging_the_mission_leaves_the_folder(self, client: APIClient, folder: Path) -> None:
        mission = adopted(client, folder)
        long_ago = timezone.now() - timedelta(days=31)
        DeleteMission(mission=mission, user=mission.owner, now=long_ago).execute()
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}

        PurgeMission(mission=mission, now=timezone.now()).execute()

        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before


class TestMoveMission:
    @pytest.fixture
    def target(self, root: Path) -> Path:
        target = root / "target"
        target.mkdir()
        return target

    def test_out_of_the_data_directory(
        self, client: APIClient, mission: Mission, target: Path
    ) -> None:
        old = FileManager(mission).root

        body = move(client, mission, target).json()

        assert (body["folder"], body["left_behind"]) == (str(target), "")
        assert (target / "production.md").read_text() == TEXT
        assert not old.exists()
        assert put(client, mission, "production.md", "x\n", 1).status_code == 200
        assert (target / "production.md").read_text() == "x\n"

    def test_back_into_it(self, client: APIClient, folder: Path) -> None:
        mission = adopted(client, folder)

        body = move(client, mission, "").json()

        mission.refresh_from_db()
        assert (body["folder"], body["left_behind"]) == ("", str(folder))
        assert content(mission, "production/a.md") == "# A\n"
        assert (folder / "production" / "a.md").exists()

    def test_to_and_fro_ends_with_the_newest_text(
        self, client: APIClient, mission: Mission, target: Path
    ) -> None:
        move(client, mission, target)
        put(client, mission, "production.md", "newer\n", 1)
        move(client, mission, "")
        put(client, mission, "production.md", "newest\n", 2)

        move(client, mission, target)

        assert (target / "production.md").read_text() == "newest\n"
        assert Revision.objects.filter(file__path="production.md").count() == 3

    def test_takes_along_what_another_program_wrote_last(
        self, client: APIClient, mission: Mission, target: Path
    ) -> None:
        (FileManager(mission).root / "production.md").write_text("By hand.\n")

        move(client, mission, target)

        assert (target / "production.md").read_text() == "By hand.\n"
        last = Revision.objects.filter(file__path="production.md").latest("number")
        assert last.author_kind == "external"

    def test_what_nobody_landed_stays_behind(
        self, client: APIClient, mission: Mission, target: Path
    ) -> None:
        old = FileManager(mission).root
        (old / "photo.png").write_bytes(b"png")

        assert move(client, mission, target).json()["left_behind"] == str(old)

        assert [path.name for path in old.iterdir()] == ["photo.png"]

    def test_follows_a_folder_that_someone_moved(
        self, client: APIClient, folder: Path, root: Path
    ) -> None:
        mission = adopted(client, folder)
        folder.rename(root / "renamed")
        (root / "renamed" / "demande.md").write_text("Edited there.\n")
        (root / "renamed" / "new.md").write_text("New there.\n")
        (root / "renamed" / "suivi.md").unlink()

        assert move(client, mission, root / "renamed").status_code == 200

        url = f"/api/v1/missions/{mission.pk}/files/"
        assert client.get(f"{url}demande.md").json()["text"] == "Edited there.\n"
        assert client.get(f"{url}new.md").json()["author"]["kind"] == "external"
        assert (root / "renamed" / "suivi.md").read_text() == standard.templates("en")["suivi.md"]

    def test_never_over_somebody_elses_text(
        self, client: APIClient, mission: Mission, target: Path
    ) -> None:
        (target / "production.md").write_text("Somebody's.\n")

        answer = move(client, mission, target)

        assert (answer.status_code, answer.json()["code"]) == (409, "folder_taken")
        assert [path.name for path in target.iterdir()] == ["production.md"]
        assert (target / "production.md").read_text() == "Somebody's.\n"
        assert content(mission, "production.md") == TEXT

    def test_only_by_an_owner(self, mission: Mission, editor: User, target: Path) -> None:
        assert move(browser(editor), mission, target).status_code == 403
        body = browser(editor).get(f"/api/v1/missions/{mission.pk}/").json()
        assert body["folder"] == ""

    def test_in_a_request_of_its_own(self, client: APIClient, url: str, target: Path) -> None:
        both = {"title": "New", "folder": str(target)}

        assert client.patch(url, both, format="json").status_code == 422

    def test_whoever_was_overtaken_is_told(
        self, client: APIClient, url: str, mission: Mission, target: Path
    ) -> None:
        tag = client.get(url)["ETag"]
        client.patch(url, {"title": "New"}, format="json")

        answer = client.patch(
            url, {"folder": str(target)}, format="json", headers={"If-Match": tag}
        )

        assert answer.status_code == 412
        assert list(target.iterdir()) == []

    def test_killed_before_the_switch_it_is_where_it_was(
        self, client: APIClient, mission: Mission, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(*_args: Any) -> None:
            raise FileOperationError("killed")

        monkeypatch.setattr(MoveMission, "_switch", die)
        assert move(client, mission, target).status_code == 500
        monkeypatch.undo()

        assert put(client, mission, "production.md", "x\n", 1).status_code == 200
        assert content(mission, "production.md") == "x\n"
        assert move(client, mission, target).status_code == 200
        assert (target / "production.md").read_text() == "x\n"

    def test_killed_after_the_switch_it_is_where_it_should_be(
        self, client: APIClient, mission: Mission, target: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        old = FileManager(mission).root

        def die(*_args: Any) -> None:
            raise FileOperationError("killed")

        monkeypatch.setattr(relocate, "clear", die)
        assert move(client, mission, target).status_code == 500
        monkeypatch.undo()

        assert put(client, mission, "production.md", "x\n", 1).status_code == 200
        assert (target / "production.md").read_text() == "x\n"
        assert old.exists()
        tasks.recover()
        assert not old.exists()
        assert (target / "production.md").read_text() == "x\n"

    def test_a_writer_who_waited_writes_into_the_new_folder(
        self, client: APIClient, mission: Mission, target: Path, owner: User
    ) -> None:
        """It had read the mission before the move: what it had read decides nothing."""
        stale = Mission.objects.get(pk=mission.pk)
        move(client, mission, target)

        land(
            stale,
            [Change(path="production.md", text="x\n", base=1)],
            author=Author.person(owner),
            now=timezone.now(),
        )

        assert (target / "production.md").read_text() == "x\n"

    def test_waits_for_a_writer(
        self, client: APIClient, mission: Mission, target: Path, settings: Any
    ) -> None:
        settings.PARALLAGON_LOCK_TIMEOUT = 0

        with locks.write_lock(mission.pk):
            assert move(client, mission, target).json()["code"] == "locked"

        assert move(client, mission, target).status_code == 200

    def test_two_missions_cannot_share_it(
        self, client: APIClient, mission: Mission, folder: Path, owner: User
    ) -> None:
        adopted(client, folder)

        assert move(client, mission, folder / "production").json()["code"] == "folder_taken"
