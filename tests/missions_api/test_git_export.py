"""A mission's history as Git sees it: the bundle is read by the real program."""

import os
import shutil
import subprocess
import tracemalloc
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from rest_framework.test import APIClient

from missions.authors import Author
from missions.landing import Change, land
from missions.models import Blob, Mission, MissionFile, Revision
from missions.storage import BlobStore
from missions.transfer import commits, git
from parallagon.accounts.models import User
from parallagon.core.errors import ServiceError
from tests.factories import make_mission
from tests.missions_api.conftest import browser

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
RUN = UUID("1a2b3c4d-0000-4000-8000-000000000000")
AGENT = Author.agent("production", RUN)
TEXT = "".join(f"Line {number}.\n" for number in range(40))


@pytest.fixture
def program() -> str:
    found = shutil.which("git")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("The tests of the Git export need git: install it (apt-get install git).")
        pytest.skip("no git on this machine")
    return found


@pytest.fixture
def story(owner: User) -> Mission:
    """A mission in which something happened every minute."""
    mission = make_mission(owner=owner, title="A guide")
    minutes = (NOW + timedelta(minutes=number) for number in range(100))

    def landed(author: Author, *changes: Change) -> None:
        land(mission, changes, author=author, now=next(minutes))

    person = Author.person(owner)
    landed(Author.SYSTEM, Change(path="production.md", text="# Production\n"))
    landed(person, Change(path="demande.md", text="\ufeffWrite.\r\n"))
    landed(
        AGENT,
        Change(path="production.md", text=TEXT, base=1),
        Change(path="production/part é.md", text=TEXT + "More.\n"),
    )
    landed(person, Change(path="production.md", text=TEXT + "Mine.\n", base=2))
    landed(Author.EXTERNAL, Change(path="notes.txt", text="From elsewhere\n"))
    landed(person, Change(path="notes.txt", text=None, base=1))
    return mission


class Clone:
    """A clone of a bundle, and what Git says of it."""

    def __init__(self, program: str, bundle: bytes, folder: Path) -> None:
        self.program = program
        self.folder = folder
        file = folder / "mission.bundle"
        file.write_bytes(bundle)
        self.git("clone", "--quiet", str(file), "copy", at=".")

    def git(self, *arguments: str, at: str = "copy") -> str:
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder / at,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "LC_ALL": "C.UTF-8",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def log(self, form: str, *arguments: str) -> list[str]:
        return self.git("log", "--reverse", f"--format={form}", *arguments).splitlines()


def bundle(client: APIClient, mission: Mission) -> bytes:
    response = client.get(f"/api/v1/missions/{mission.pk}/export?as=git")
    assert response.status_code == 200, response.content
    return b"".join(response.streaming_content)  # type: ignore[attr-defined] # it streams


@pytest.fixture
def clone(program: str, client: APIClient, story: Mission, tmp_path: Path) -> Clone:
    folder = tmp_path / "clone"
    folder.mkdir()
    return Clone(program, bundle(client, story), folder)


class TestGitExport:
    def test_the_log_reads_like_the_missions_story(self, clone: Clone) -> None:
        assert clone.log("%s") == [
            "Parallagon: added production.md (lines: +1)",
            "Ada Lovelace: added demande.md (lines: +1)",
            "Production (agent): changed 2 files (run 1a2b3c4d)",
            "Ada Lovelace: changed production.md (lines: +1)",
            "Another program: added notes.txt (lines: +1)",
            "Ada Lovelace: removed notes.txt (lines: -1)",
        ]

    def test_a_commit_of_several_files_names_each(self, clone: Clone) -> None:
        body = clone.git("log", "-1", "--format=%b", "--grep", "2 files")

        assert body.splitlines() == [
            "- changed production.md (lines: +39)",
            "- added production/part é.md (lines: +41)",
            "",
            f"Run: {RUN}",
            "",
        ]

    def test_authors_are_people_and_agents_at_nobodys_address(
        self, clone: Clone, owner: User
    ) -> None:
        person = f"Ada Lovelace <person-{owner.pk}@parallagon.invalid>"
        assert clone.log("%an <%ae>") == [
            "Parallagon <parallagon@parallagon.invalid>",
            person,
            "Production (agent) <production@parallagon.invalid>",
            person,
            "Another program <external@parallagon.invalid>",
            person,
        ]

    def test_moments_are_those_of_the_revisions(self, clone: Clone) -> None:
        moments = [
            (NOW + timedelta(minutes=number)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
            for number in range(6)
        ]
        assert clone.log("%aI") == clone.log("%cI") == moments

    def test_the_files_are_the_missions_byte_for_byte(self, clone: Clone) -> None:
        folder = clone.folder / "copy"
        found = {
            str(path.relative_to(folder)): path.read_bytes()
            for path in folder.rglob("*")
            if path.is_file() and ".git" not in path.parts
        }

        assert found == {
            "demande.md": "\ufeffWrite.\r\n".encode(),
            "production.md": (TEXT + "Mine.\n").encode(),
            "production/part é.md": (TEXT + "More.\n").encode(),
        }

    def test_git_finds_no_fault(self, clone: Clone) -> None:
        clone.git("fsck", "--strict", "--full")

        assert clone.git("status", "--porcelain") == ""
        assert clone.git("branch", "--show-current") == "main\n"

    def test_a_file_is_followed_through_its_moves(
        self, program: str, client: APIClient, story: Mission, tmp_path: Path, owner: User
    ) -> None:
        move(story, "production.md", "final.md", owner)

        copy = Clone(program, bundle(client, story), tmp_path)

        assert copy.log("%s", "-1") == ["Ada Lovelace: moved production.md to final.md"]
        assert len(copy.git("log", "--format=%s", "--follow", "final.md").splitlines()) == 4
        assert "production.md => final.md" in copy.git("log", "-1", "--stat")

    def test_files_may_change_places_in_one_landing(
        self, program: str, client: APIClient, story: Mission, tmp_path: Path, owner: User
    ) -> None:
        at = NOW + timedelta(days=1)
        before = {path: read(story, path) for path in ("demande.md", "production.md")}
        move(story, "demande.md", "aside.md", owner, at=at)
        move(story, "production.md", "demande.md", owner, at=at + timedelta(days=1))
        # The last step of the swap and another file's, at one moment.
        move(story, "aside.md", "production.md", owner, at=at + timedelta(days=1))

        copy = Clone(program, bundle(client, story), tmp_path)

        assert len(copy.log("%s")) == 8
        assert (copy.folder / "copy/demande.md").read_bytes() == before["production.md"]
        assert (copy.folder / "copy/production.md").read_bytes() == before["demande.md"]

    def test_a_french_mission_tells_it_in_french(
        self, program: str, client: APIClient, story: Mission, tmp_path: Path
    ) -> None:
        story.language = "fr"
        story.save(update_fields=["language"])

        copy = Clone(program, bundle(client, story), tmp_path)

        assert copy.log("%s")[2:4] == [
            "Production (agent) : 2 fichiers changés (cycle 1a2b3c4d)",
            "Ada Lovelace : production.md changé (lignes : +1)",
        ]

    def test_hostile_names_of_people_stay_names(
        self, program: str, client: APIClient, story: Mission, tmp_path: Path, owner: User
    ) -> None:
        owner.first_name, owner.last_name = "Ada> <x@y.z", "\nfrom refs/heads/main"
        owner.save(update_fields=["first_name", "last_name"])

        copy = Clone(program, bundle(client, story), tmp_path)

        copy.git("fsck", "--strict")
        assert copy.log("%an")[1] == "Ada x@y.z from refs/heads/main"

    def test_someone_without_a_name_and_someone_who_is_gone(
        self, program: str, client: APIClient, story: Mission, tmp_path: Path, owner: User
    ) -> None:
        owner.first_name, owner.last_name = "<>", "<>"
        owner.save(update_fields=["first_name", "last_name"])
        Revision.objects.filter(path="notes.txt", number=2).update(user=None)

        copy = Clone(program, bundle(client, story), tmp_path)

        assert copy.log("%an")[-1] == "Someone"
        assert copy.log("%ae")[-1] == "person@parallagon.invalid"

    def test_who_has_it_already_is_told_so(
        self, program: str, client: APIClient, story: Mission, owner: User
    ) -> None:
        address = f"/api/v1/missions/{story.pk}/export?as=git"
        response = client.get(address)
        assert b"".join(response.streaming_content)  # type: ignore[attr-defined] # it streams

        assert client.get(address, HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 304
        move(story, "production.md", "final.md", owner)
        changed = client.get(address, HTTP_IF_NONE_MATCH=response["ETag"])
        assert changed.status_code == 200
        assert b"".join(changed.streaming_content)  # type: ignore[attr-defined] # it streams

    def test_a_viewer_may_take_it(self, program: str, viewer: User, url: str) -> None:
        response = browser(viewer).get(f"{url}export?as=git")

        assert response.status_code == 200
        assert response["Content-Disposition"] == 'attachment; filename="A mission.bundle"'
        assert b"".join(response.streaming_content)  # type: ignore[attr-defined] # it streams

    def test_without_a_history_there_is_nothing_to_take(
        self, program: str, client: APIClient, owner: User
    ) -> None:
        empty = make_mission(owner=owner)

        response = client.get(f"/api/v1/missions/{empty.pk}/export?as=git")

        assert (response.status_code, response.json()["code"]) == (409, "no_history")

    def test_without_the_program_it_says_so(
        self, client: APIClient, story: Mission, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", "/nowhere")

        response = client.get(f"/api/v1/missions/{story.pk}/export?as=git")

        assert (response.status_code, response.json()["code"]) == (501, "git_missing")


class TestContained:
    def test_nobodys_configuration_or_hook_takes_effect(
        self,
        program: str,
        client: APIClient,
        story: Mission,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        mark = tmp_path / "was-here"
        hooks = tmp_path / "hooks"
        hooks.mkdir()
        for name in ("reference-transaction", "post-update", "fsmonitor"):
            (hooks / name).write_text(f"#!/bin/sh\ntouch {mark}\n")
            (hooks / name).chmod(0o755)
        config = tmp_path / ".gitconfig"
        config.write_text(
            f"[core]\nhooksPath={hooks}\nfsmonitor={hooks}/fsmonitor\n[init]\ntemplateDir={hooks}\n"
        )
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(config))
        monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
        monkeypatch.setenv("GIT_TRACE", str(mark))

        assert bundle(client, story).startswith(b"# v2 git bundle")
        assert not mark.exists()
        assert not (tmp_path / "elsewhere").exists()

    def test_nothing_is_left_when_a_content_is_damaged(
        self, program: str, story: Mission, folders: Path
    ) -> None:
        last = Revision.objects.get(path="production.md", number=3)
        assert last.blob_id
        (BlobStore().root / last.blob_id[:2] / last.blob_id).write_bytes(b"junk")
        client = browser(story.owner)

        response = client.get(f"/api/v1/missions/{story.pk}/export?as=git")

        assert response.json()["code"] == "file_failed"
        assert list(folders.iterdir()) == []

    def test_git_that_takes_too_long_is_ended(
        self, program: str, story: Mission, folders: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        slow = folders.parent / "slow"
        slow.mkdir()
        (slow / "git").write_text("#!/bin/sh\nexec sleep 1000\n")
        (slow / "git").chmod(0o755)
        monkeypatch.setenv("PATH", f"{slow}:/usr/bin:/bin")
        monkeypatch.setattr(git, "MOST_SECONDS", 0.1)

        with pytest.raises(ServiceError, match="Git bundle"):
            git.bundle_of(story)
        assert list(folders.iterdir()) == []

    def test_thousands_of_revisions_in_little_memory(
        self, program: str, client: APIClient, owner: User, tmp_path: Path
    ) -> None:
        mission = make_mission(owner=owner, files={"production.md": TEXT})
        add_revisions(mission, "production.md", 2000)

        tracemalloc.start()
        size = sum(map(len, commits.stream(mission)))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        found = bundle(client, mission)
        copy = Clone(program, found, tmp_path)
        assert len(copy.log("%s")) == 2001
        assert size > 37_000_000
        assert peak < size / 4
        copy.git("fsck", "--strict")

    @pytest.fixture
    def folders(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """Give temporary folders a place of their own."""
        place = tmp_path / "temporary"
        place.mkdir()
        monkeypatch.setattr("tempfile.tempdir", str(place))
        return place


def read(mission: Mission, path: str) -> bytes:
    file = MissionFile.objects.select_related("current").get(mission=mission, path=path)
    assert file.current is not None
    return BlobStore().get(file.current.blob_id or "")


def move(mission: Mission, path: str, to: str, owner: User, *, at: Any = NOW) -> None:
    """Move a file as a landing does: a revision of the same text at another path."""
    file = MissionFile.objects.select_related("current").get(mission=mission, path=path)
    current = file.current
    assert current is not None
    file.current = Revision.objects.create(
        file=file,
        number=current.number + 1,
        path=to,
        operation=Revision.Operation.MOVE,
        blob=current.blob,
        parent=current,
        author_kind="person",
        user=owner,
        created_at=at,
    )
    file.path = file.path_key = to
    file.save(update_fields=["current", "path", "path_key"])


def add_revisions(mission: Mission, path: str, count: int) -> None:
    """Write a long history of a file of 20 KB straight into the tables."""
    file = MissionFile.objects.get(mission=mission, path=path)
    store = BlobStore()
    rows, blobs = [], []
    for number in range(2, count + 2):
        content = (f"Revision {number}.\n" + "The same words again.\n" * 900).encode()
        hash_ = store.put(content)
        blobs.append(Blob(hash=hash_, size=len(content)))
        rows.append(
            Revision(
                file=file,
                number=number,
                path=path,
                operation="WRITE",
                blob_id=hash_,
                author_kind="agent",
                role="production",
                run_id=UUID(int=number),
                created_at=NOW + timedelta(seconds=number),
            )
        )
    Blob.objects.bulk_create(blobs)
    Revision.objects.bulk_create(rows)
