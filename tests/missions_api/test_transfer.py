"""Missions out as a file, and in again."""

import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from missions import standard
from missions.models import Blob, Mission, MissionFile
from missions.paths import is_valid
from missions.services import SaveFile
from missions.storage import FileManager
from parallagon.accounts.models import User
from parallagon.core.downloads import Download, file_name
from tests.archives import HOSTILE, zip_of
from tests.factories import make_mission, write_files
from tests.missions_api.conftest import REQUEST, TEXT, browser

IMPORT = "/api/v1/missions/import"
PIECE = 500_000
GUIDE = {"demande.md": "# A guide\n\nWrite it.\n", "notes/a.txt": "Note.\n"}


def send(client: APIClient, archive: bytes, name: str = "notes.zip", **fields: Any) -> Any:
    file = SimpleUploadedFile(name, archive, content_type="application/zip")
    return client.post(IMPORT, {"file": file, **fields}, format="multipart")


def exported(client: APIClient, mission: int, query: str = "") -> bytes:
    response = client.get(f"/api/v1/missions/{mission}/export{query}")
    assert response.status_code == 200
    return b"".join(response.streaming_content)  # type: ignore[attr-defined] # it streams


def files_in(archive: bytes) -> dict[str, bytes]:
    """Return what someone finds who unpacks an archive with an ordinary program."""
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        assert opened.testzip() is None
        return {
            name: opened.read(name)
            for name in opened.namelist()
            if not name.startswith(".parallagon/")
        }


def everything_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if "lock" not in str(path)}


class TestExportZip:
    def test_holds_the_files_as_they_are(self, client: APIClient, mission: Mission) -> None:
        write_files(mission, {"a/é.txt": "\ufeffA\r\nB\r\n"})

        found = files_in(exported(client, mission.pk, "?as=zip"))

        assert found == {
            "demande.md": REQUEST.encode(),
            "production.md": TEXT.encode(),
            "a/é.txt": "\ufeffA\r\nB\r\n".encode(),
        }

    def test_is_the_same_archive_for_the_same_files(
        self, client: APIClient, mission: Mission
    ) -> None:
        assert exported(client, mission.pk) == exported(client, mission.pk)

    def test_an_entry_is_as_old_as_its_revision(self, client: APIClient, mission: Mission) -> None:
        with zipfile.ZipFile(io.BytesIO(exported(client, mission.pk))) as archive:
            at = archive.getinfo("production.md").date_time

        file = MissionFile.objects.select_related("current").get(path="production.md")
        assert file.current is not None
        assert at[:5] == file.current.created_at.timetuple()[:5]

    def test_leaves_removed_files_out(self, client: APIClient, url: str, mission: Mission) -> None:
        client.delete(f"{url}files/production.md")

        assert set(files_in(exported(client, mission.pk))) == {"demande.md"}

    def test_is_named_after_the_mission(self, client: APIClient, url: str) -> None:
        client.patch(url, {"title": 'Été/2026: "../x"'}, format="json")

        header = client.get(f"{url}export")["Content-Disposition"]

        assert header == "attachment; filename*=utf-8''%C3%89t%C3%A9%202026%20..%20x.zip"

    def test_who_has_it_already_is_told_so(
        self, client: APIClient, url: str, owner: User, mission: Mission
    ) -> None:
        tag = client.get(f"{url}export")["ETag"]

        assert client.get(f"{url}export", HTTP_IF_NONE_MATCH=tag).status_code == 304
        SaveFile(
            mission=mission,
            user=owner,
            path="demande.md",
            text="More.\n",
            base=1,
            now=timezone.now(),
        ).execute()
        assert client.get(f"{url}export", HTTP_IF_NONE_MATCH=tag).status_code == 200

    def test_a_viewer_may_take_it(self, viewer: User, url: str) -> None:
        assert browser(viewer).get(f"{url}export").status_code == 200

    def test_a_stranger_knows_of_nothing(self, stranger: User, url: str) -> None:
        assert browser(stranger).get(f"{url}export").status_code == 404

    def test_another_form_is_refused(self, client: APIClient, url: str) -> None:
        assert client.get(f"{url}export?as=exe").status_code == 422

    def test_asks_the_database_the_same_for_many_files(
        self,
        client: APIClient,
        mission: Mission,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        write_files(mission, {f"{number}.md": "x" for number in range(20)})

        with django_assert_num_queries(3):  # user, membership, files
            exported(client, mission.pk)

    def test_holds_one_file_in_memory_at_a_time(self, client: APIClient, mission: Mission) -> None:
        texts = {f"{number}.txt": f"{number} {'ab' * 9}\n" * (PIECE // 22) for number in range(40)}
        write_files(mission, texts)
        response = client.get(f"/api/v1/missions/{mission.pk}/export")

        tracemalloc.start()
        sizes = [len(piece) for piece in response.streaming_content]  # type: ignore[attr-defined]
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

        assert len(sizes) > 40
        assert peak < 8 * PIECE  # of 40


class TestDownload:
    async def test_makes_a_piece_when_the_one_before_has_left(self) -> None:
        made: list[int] = []

        def pieces() -> Any:
            for number in range(3):
                made.append(number)
                yield b"%d" % number

        response = Download(pieces(), name="a.zip", content_type="application/zip", tag='"1"')
        received = []
        async for piece in response:
            received.append((piece, list(made)))

        assert received == [(b"0", [0]), (b"1", [0, 1]), (b"2", [0, 1, 2])]

    @given(st.text(max_size=300))
    def test_every_title_gives_a_name_that_every_system_takes(self, title: str) -> None:
        name = file_name(title, ".zip")

        assert name.endswith(".zip")
        assert len(name) <= 84
        assert name.isprintable()
        assert not set(name) & set('/\\:*?"<>|')
        assert name[0] not in " ."


class TestImport:
    def test_makes_a_mission_of_a_folder(self, client: APIClient) -> None:
        response = send(client, zip_of({**GUIDE, "a.png": "P", ".DS_Store": "?"}), language="fr")

        assert response.status_code == 201
        body = response.json()
        assert body["mission"]["title"] == "A guide"
        assert body["mission"]["language"] == "fr"
        assert body["mission"]["role"] == "owner"
        assert [one["path"] for one in body["skipped"]] == ["a.png", ".DS_Store"]
        assert body["skipped_count"] == 2
        paths = set(files_in(exported(client, body["mission"]["id"])))
        assert paths == {*standard.templates("fr"), "notes/a.txt"}

    def test_the_files_are_the_persons(self, client: APIClient) -> None:
        mission = send(client, zip_of(dict(GUIDE))).json()["mission"]["id"]

        read = client.get(f"/api/v1/missions/{mission}/files/notes/a.txt").json()
        assert read["author"]["name"] == "Ada Lovelace"
        assert read["revision"] == 1
        assert FileManager(Mission.objects.get(pk=mission)).read("notes/a.txt") == b"Note.\n"

    def test_a_standard_file_that_is_brought_is_not_made(self, client: APIClient) -> None:
        mission = send(client, zip_of({**GUIDE, "production.md": "Mine.\n"})).json()["mission"]

        read = client.get(f"/api/v1/missions/{mission['id']}/files/production.md").json()
        assert (read["text"], read["revision"]) == ("Mine.\n", 1)

    def test_without_a_request_one_is_asked_for(self, client: APIClient) -> None:
        response = send(client, zip_of({"a.md": "A\n"}))

        assert response.status_code == 422
        assert response.json()["details"]["field"] == "request"
        assert not Mission.objects.exists()

    def test_the_request_may_be_given_with_it(self, client: APIClient) -> None:
        response = send(client, zip_of({"a.md": "A\n"}), request="Write.\n", title="Mine")

        assert response.json()["mission"]["title"] == "Mine"

    def test_without_a_heading_it_is_called_like_its_file(self, client: APIClient) -> None:
        response = send(client, zip_of({"demande.md": "Write.\n"}), name="Old notes.zip")

        assert response.json()["mission"]["title"] == "Old notes"

    @pytest.mark.parametrize(
        ("fields", "status"),
        [({"language": "de"}, 422), ({"title": "x" * 201}, 422), ({"model": "a b"}, 422)],
    )
    def test_what_is_wrong_with_the_form_is_said(
        self, client: APIClient, fields: dict[str, str], status: int
    ) -> None:
        assert send(client, zip_of(dict(GUIDE)), **fields).status_code == status
        assert not Mission.objects.exists()

    def test_a_form_without_a_file_is_refused(self, client: APIClient) -> None:
        assert client.post(IMPORT, {"title": "T"}, format="multipart").status_code == 422

    def test_only_a_form_is_taken(self, client: APIClient) -> None:
        assert client.post(IMPORT, {"file": "x"}, format="json").status_code == 415

    def test_a_form_that_is_cut_off_is_refused(self, client: APIClient) -> None:
        kind = "multipart/form-data; boundary=x"

        assert client.post(IMPORT, b"--x\r\nCont", content_type=kind).status_code in {400, 422}
        assert client.post(IMPORT, b"x", content_type="multipart/form-data").status_code == 400

    def test_a_browser_that_sends_half_a_form_is_told_so(self, owner: User, settings: Any) -> None:
        strict = APIClient(enforce_csrf_checks=True)
        strict.force_login(owner)
        strict.cookies[settings.CSRF_COOKIE_NAME] = "a" * 32

        half = strict.post(IMPORT, b"x", content_type="multipart/form-data")
        whole = send(strict, zip_of(dict(GUIDE)))

        assert (half.status_code, whole.status_code) == (400, 403)

    def test_too_much_is_refused_by_its_length(self, client: APIClient, settings: Any) -> None:
        settings.PARALLAGON_MAX_IMPORT_SIZE = settings.PARALLAGON_MAX_FILE_SIZE = 1024

        assert send(client, b"x" * 100_000).status_code == 413

    def test_a_little_too_much_is_refused_by_the_archive(
        self, client: APIClient, settings: Any
    ) -> None:
        settings.PARALLAGON_MAX_IMPORT_SIZE = 1024

        assert send(client, zip_of({"demande.md": "x"}) + b"x" * 2000).status_code == 422

    def test_nobody_who_is_not_signed_in_may(self, db: None) -> None:
        assert send(APIClient(), zip_of(dict(GUIDE))).status_code == 401

    @pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE.keys())
    def test_what_is_hostile_leaves_nothing(
        self, client: APIClient, private_data: Path, archive: bytes
    ) -> None:
        before = everything_below(private_data)

        response = send(client, archive, request="Write.\n")

        assert response.status_code == 422
        assert response.json()["code"] in {"bad_archive", "invalid"}
        assert not Mission.objects.exists()
        assert not Blob.objects.exists()
        assert everything_below(private_data) == before


class TestRoundTrip:
    def test_an_export_comes_back_with_exactly_its_files(
        self, client: APIClient, owner: User
    ) -> None:
        files = {
            "demande.md": "\ufeffWrite.\r\n",
            "a/é.txt": "A\r\nB\rC\n",
            "empty.md": "",
            "broken.json": "{",
            "same.txt": "a" * 19_000 + "\n" + "a" * 19_000,
        }
        mission = make_mission(owner=owner, title="Été", language="fr")
        for path, text in files.items():
            client.post(
                f"/api/v1/missions/{mission.pk}/files/",
                {"path": path, "text": text, "allow_invalid": True},
                format="json",
            )
        first = exported(client, mission.pk)

        answer = send(client, first).json()

        assert answer["mission"]["title"] == "Été"
        assert answer["mission"]["language"] == "fr"
        assert answer["skipped"] == []
        second = exported(client, answer["mission"]["id"])
        assert files_in(first) == files_in(second)
        assert files_in(first) == {path: text.encode() for path, text in files.items()}

    def test_what_shrinks_a_thousand_times_comes_back(self, client: APIClient, owner: User) -> None:
        text = ("a" * 999 + "\n") * 1000
        mission = make_mission(owner=owner, files={"demande.md": text})

        response = send(client, exported(client, mission.pk))

        assert response.status_code == 201

    def test_an_unpacked_export_that_was_packed_again_with_its_folder(
        self, client: APIClient, mission: Mission
    ) -> None:
        with zipfile.ZipFile(io.BytesIO(exported(client, mission.pk))) as archive:
            moved = {f"guide/{name}": archive.read(name) for name in archive.namelist()}

        answer = send(client, zip_of(dict(moved))).json()

        assert answer["mission"]["title"] == mission.title
        copy = exported(client, answer["mission"]["id"])
        assert files_in(copy) == files_in(exported(client, mission.pk))

    @pytest.mark.parametrize(
        "manifest",
        [
            b"{",
            b"[]",
            b"[" * 60_000,
            b"\xff",
            b'{"parallagon": 2}',
            b'{"parallagon": 1, "title": 3, "language": "en"}',
            b'{"parallagon": 1, "title": "T", "language": "de"}',
            b" " * 70_000,
            b'{"parallagon": 1, "title": "\\ud800", "language": "en"}',
        ],
    )
    def test_a_manifest_that_is_not_one_is_refused(
        self, client: APIClient, manifest: bytes
    ) -> None:
        archive = zip_of({**GUIDE, ".parallagon/mission.json": manifest})

        assert send(client, archive).status_code == 422
        assert not Mission.objects.exists()

    @settings(
        max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(
        st.dictionaries(
            st.text("aéß_ -.()/A", min_size=1, max_size=8).map(lambda name: f"{name}.md"),
            st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
            max_size=5,
        )
    )
    def test_any_files_that_come_in_come_out(
        self, client: APIClient, files: dict[str, str]
    ) -> None:
        brought = {**files, "demande.md": "Write.\n"}

        response = send(client, zip_of(dict(brought)))

        if all(is_valid(name) for name in brought) and response.status_code == 201:
            found = files_in(exported(client, response.json()["mission"]["id"]))
            assert {name: text.encode() for name, text in brought.items()}.items() <= found.items()
        else:
            assert response.status_code in {201, 422}
