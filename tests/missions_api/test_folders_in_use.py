"""A mission in somebody's folder: judged at every use, and where it may move."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions import locks, standard, tasks
from missions.landing import Author, Change, Landing, land
from missions.models import LandingRecord, Mission, Revision
from missions.services import DeleteMission, MoveMission, PurgeMission, relocate
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.errors import FileOperationError
from tests.missions_api.conftest import TEXT, browser
from tests.missions_api.somebodys_folder import adopted, content, move, put


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
