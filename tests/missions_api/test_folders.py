"""A mission in a folder that somebody has: which, and what is taken in."""

from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from missions import standard
from missions.models import Mission, MissionFile, Revision
from missions.services import DeleteMission
from parallagon.accounts.models import User
from tests.missions_api.conftest import browser
from tests.missions_api.somebodys_folder import adopted, content, create


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
