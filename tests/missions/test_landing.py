import errno
from collections.abc import Callable
from typing import Any

import pytest

from missions import hooks
from missions.landing import Author, Change, LandingConflict, StaleLease
from missions.leases import release_lease
from missions.locks import write_lock
from missions.models import Event, LandingRecord, Mission, Proposal, Revision
from missions.storage import BlobStore, sha256
from parallagon.core.errors import (
    FileOperationError,
    LockError,
    PermissionDeniedError,
    ValidationError,
)
from tests.missions.conftest import NOW, TEXT, Desk

Fail = Callable[[str, OSError], None]
FULL = OSError(errno.ENOSPC, "No space left on device")


def edited(old: str, new: str) -> str:
    assert old in TEXT
    return TEXT.replace(old, new)


def blob(name: str | None) -> bytes:
    assert name is not None
    return BlobStore().get(name)


class TestLandByAPerson:
    def test_creates_a_file(self, desk: Desk) -> None:
        landing = desk.save("notes/first.md", "Hello.\n", None)

        (revision,) = landing.revisions
        assert (revision.number, revision.operation) == (1, Revision.Operation.CREATE)
        assert revision.user == desk.owner
        assert desk.on_disk("notes/first.md") == b"Hello.\n"
        assert desk.text("notes/first.md") == "Hello.\n"

    def test_writes_the_next_revision(self, desk: Desk) -> None:
        landing = desk.save("production.md", edited("First", "Primo"), 1)

        (revision,) = landing.revisions
        assert (revision.number, revision.parent) == (2, desk.first("production.md"))
        assert landing.merged == frozenset()
        assert desk.on_disk("production.md") == edited("First", "Primo").encode()

    def test_merges_an_older_base(self, desk: Desk) -> None:
        desk.save("production.md", edited("First", "Primo"), 1)

        landing = desk.save("production.md", edited("Third", "Terzo"), 1)

        assert landing.merged == {"production.md"}
        both = edited("First", "Primo").replace("Third", "Terzo")
        assert desk.text("production.md") == both
        assert desk.on_disk("production.md") == both.encode()

    def test_shows_an_overlap_and_writes_nothing(self, desk: Desk) -> None:
        desk.save("production.md", edited("First", "Primo"), 1)

        with pytest.raises(LandingConflict) as conflict:
            desk.save("production.md", edited("First", "Erst"), 1)

        assert conflict.value.details == {
            "path": "production.md",
            "base": {"revision": 1, "text": TEXT},
            "theirs": {
                "revision": 2,
                "text": edited("First", "Primo"),
                "author": {"kind": "person", "name": "Ada Lovelace", "role": None, "run": None},
            },
            "mine": {"text": edited("First", "Erst")},
        }
        assert desk.current("production.md").number == 2

    def test_makes_no_revision_of_identical_text(self, desk: Desk) -> None:
        events = Event.objects.count()

        landing = desk.save("production.md", TEXT, 1)

        assert landing.revisions == ()
        assert desk.current("production.md").number == 1
        assert Event.objects.count() == events

    def test_takes_an_unchanged_older_text_for_no_edit(self, desk: Desk) -> None:
        desk.save("production.md", edited("First", "Primo"), 1)

        landing = desk.save("production.md", TEXT, 1)

        assert landing.revisions == ()
        assert landing.merged == {"production.md"}
        assert desk.text("production.md") == edited("First", "Primo")

    def test_lands_all_files_or_none(self, desk: Desk) -> None:
        desk.save("production.md", edited("First", "Primo"), 1)

        with pytest.raises(LandingConflict):
            desk.land(
                [
                    Change(path="suivi.md", text="Started.\n", base=1),
                    Change(path="production.md", text=edited("First", "Erst"), base=1),
                ]
            )

        assert desk.text("suivi.md") == "Nothing yet.\n"

    def test_creating_what_is_there_is_an_overlap(self, desk: Desk) -> None:
        with pytest.raises(LandingConflict) as conflict:
            desk.save("production.md", "Mine.\n", None)

        assert conflict.value.details["base"] == {"revision": None, "text": None}

    def test_keeps_line_endings_and_bom(self, desk: Desk) -> None:
        (desk.folder.root / "suivi.md").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")

        desk.save("suivi.md", "one\n2\n", 2)

        assert desk.on_disk("suivi.md") == b"\xef\xbb\xbfone\r\n2\r\n"

    def test_refuses_a_base_that_never_was(self, desk: Desk) -> None:
        with pytest.raises(ValidationError, match="no revision 7"):
            desk.save("production.md", "x\n", 7)

    def test_refuses_names_that_differ_by_case(self, desk: Desk) -> None:
        desk.save("notes/a.md", "a\n", None)

        for path in ("Production.md", "Notes/b.md"):
            with pytest.raises(ValidationError, match="only by case"):
                desk.save(path, "b\n", None)

    def test_refuses_a_path_named_twice(self, desk: Desk) -> None:
        changes = [Change(path=path, text="x\n") for path in ("a.md", "A.md")]

        with pytest.raises(ValidationError, match="twice"):
            desk.land(changes)


class TestRemove:
    def test_removes_the_file_and_keeps_its_history(self, desk: Desk) -> None:
        (revision,) = desk.save("production.md", None, 1).revisions

        assert (revision.operation, revision.blob_id) == (Revision.Operation.DELETE, None)
        assert desk.on_disk("production.md") is None
        assert desk.texts("production.md") == [TEXT, ""]

    def test_of_a_file_that_others_changed_is_an_overlap(self, desk: Desk) -> None:
        desk.save("production.md", edited("First", "Primo"), 1)

        with pytest.raises(LandingConflict):
            desk.save("production.md", None, 1)

    def test_writing_to_a_removed_file_is_an_overlap(self, desk: Desk) -> None:
        desk.save("production.md", None, 1)

        with pytest.raises(LandingConflict) as conflict:
            desk.save("production.md", edited("First", "Primo"), 1)

        assert conflict.value.details["theirs"]["text"] is None

    def test_the_file_may_come_back(self, desk: Desk) -> None:
        desk.save("production.md", None, 1)

        (revision,) = desk.save("Production.md", "Again.\n", None).revisions

        assert (revision.number, revision.file.path) == (3, "Production.md")
        assert desk.on_disk("Production.md") == b"Again.\n"

    def test_without_a_base_takes_whatever_is_there(self, desk: Desk) -> None:
        desk.save("production.md", edited("First", "Primo"), 1)

        desk.save("production.md", None, None)

        assert desk.on_disk("production.md") is None


class TestFormats:
    def test_refuses_malformed_json_with_its_place(self, desk: Desk) -> None:
        with pytest.raises(ValidationError) as refusal:
            desk.save("data.json", '{"a":\n 1,}', None)

        assert (refusal.value.details["line"], refusal.value.details["column"]) == (2, 4)
        assert desk.on_disk("data.json") is None

    def test_lets_a_person_insist(self, desk: Desk) -> None:
        desk.save("data.json", "{", None, allow_invalid=True)

        assert desk.on_disk("data.json") == b"{"

    def test_never_lets_an_agent_insist(self, desk: Desk) -> None:
        lease = desk.lease()

        with pytest.raises(ValidationError):
            desk.run(lease, [Change(path="production/data.json", text="{")], allow_invalid=True)

    def test_two_good_halves_of_a_bad_whole_are_an_overlap(self, desk: Desk) -> None:
        desk.save("data.yaml", "a: &x 1\n\nc: 2\n", None)
        desk.save("data.yaml", "a: 1\n\nc: 2\n", 1)

        with pytest.raises(LandingConflict):
            desk.save("data.yaml", "a: &x 1\n\nc: 2\nb: *x\n", 1)


class TestLandByAnAgent:
    def test_writes_under_its_lease(self, desk: Desk) -> None:
        lease = desk.lease()

        landing = desk.run(lease, [Change(path="production.md", text="Done.\n", base=1)])

        (revision,) = landing.revisions
        assert (revision.author_kind, revision.role) == ("agent", "production")
        assert revision.run_id == lease.run_id

    def test_an_overlap_makes_one_proposal_of_the_whole_run(self, desk: Desk) -> None:
        lease = desk.lease()
        desk.save("production.md", edited("First", "Primo"), 1)

        landing = desk.run(
            lease,
            [
                Change(path="production.md", text=edited("First", "Erst"), base=1),
                Change(path="production/part.md", text="A part.\n", base=None),
            ],
        )

        proposal = landing.proposal
        assert proposal is not None
        assert (proposal.reason, proposal.run_id) == ("OVERLAP", lease.run_id)
        assert landing.revisions == ()
        assert desk.on_disk("production/part.md") is None
        assert desk.text("production.md") == edited("First", "Primo")
        wanted = {file.path: file for file in proposal.files.all()}
        assert wanted["production.md"].base_number == 1
        assert wanted["production.md"].base_id == sha256(TEXT.encode())
        assert blob(wanted["production.md"].blob_id) == edited("First", "Erst").encode()
        assert blob(wanted["production/part.md"].blob_id) == b"A part.\n"

    def test_proposes_when_told(self, desk: Desk) -> None:
        landing = desk.run(
            desk.lease(),
            [Change(path="production.md", text="Short.\n", base=1)],
            propose=Proposal.Reason.SHRUNK,
        )

        assert landing.proposal is not None
        assert desk.text("production.md") == TEXT

    def test_proposes_nothing_of_nothing(self, desk: Desk) -> None:
        landing = desk.run(
            desk.lease(),
            [Change(path="production.md", text=TEXT, base=1)],
            propose=Proposal.Reason.REVIEW,
        )

        assert landing.proposal is None
        assert not Proposal.objects.exists()

    def test_a_stale_fence_is_refused(self, desk: Desk) -> None:
        lease = desk.lease()
        release_lease(lease.run_id, now=NOW)

        with pytest.raises(StaleLease):
            desk.run(lease, [Change(path="production.md", text="Late.\n", base=1)])

        assert desk.text("production.md") == TEXT
        assert desk.on_disk("production.md") == TEXT.encode()

    def test_what_the_lease_does_not_cover_is_refused(self, desk: Desk) -> None:
        with pytest.raises(PermissionDeniedError):
            desk.run(desk.lease(), [Change(path="suivi.md", text="Mine now.\n", base=1)])

        assert desk.text("suivi.md") == "Nothing yet.\n"


class TestOtherPrograms:
    def test_their_text_becomes_a_revision_first(self, desk: Desk) -> None:
        (desk.folder.root / "production.md").write_text(edited("First", "Primo"))

        desk.save("production.md", edited("Third", "Terzo"), 1)

        kinds = Revision.objects.filter(file__path="production.md").order_by("number")
        assert list(kinds.values_list("author_kind", flat=True)) == ["system", "external", "person"]
        assert desk.text("production.md") == edited("First", "Primo").replace("Third", "Terzo")
        external = Event.objects.get(type="file.changed", data__revision=2)
        assert external.data["author"]["kind"] == "external"

    def test_a_new_file_of_theirs_is_not_overwritten(self, desk: Desk) -> None:
        (desk.folder.root / "notes.md").write_text("Theirs.\n")

        with pytest.raises(LandingConflict) as conflict:
            desk.save("notes.md", "Mine.\n", None)

        assert conflict.value.details["theirs"]["text"] == "Theirs.\n"
        assert desk.texts("notes.md") == ["Theirs.\n"]

    def test_a_missing_file_is_put_back(self, desk: Desk) -> None:
        (desk.folder.root / "production.md").unlink()

        desk.save("production.md", edited("First", "Primo"), 1)

        assert desk.on_disk("production.md") == edited("First", "Primo").encode()

    @pytest.mark.parametrize("content", [b"\xff\xfe\x00A", b"a\0b", b"x" * 20_001])
    def test_what_is_not_text_is_set_aside(self, desk: Desk, content: bytes) -> None:
        (desk.folder.root / "production.md").write_bytes(content)

        landing = desk.save("production.md", edited("First", "Primo"), 1)

        ((path, aside),) = landing.set_aside
        assert path == "production.md"
        assert (desk.folder.root / aside).read_bytes() == content
        told = Event.objects.get(type="file.set_aside").data
        assert (told["path"], told["aside"]) == (path, aside)
        assert told["reason"]
        assert desk.on_disk("production.md") == edited("First", "Primo").encode()

    def test_what_is_too_large_is_set_aside(self, desk: Desk, settings: Any) -> None:
        settings.PARALLAGON_MAX_FILE_SIZE = 1024
        (desk.folder.root / "production.md").write_bytes(b"line\n" * 1000)

        landing = desk.save("production.md", "Short.\n", 1)

        assert (desk.folder.root / landing.set_aside[0][1]).stat().st_size == 5000

    def test_a_link_is_refused_with_a_sentence(self, desk: Desk, private_data: Any) -> None:
        secret = private_data / "secret.md"
        secret.write_text("secret")
        (desk.folder.root / "production.md").unlink()
        (desk.folder.root / "production.md").symlink_to(secret)

        with pytest.raises(FileOperationError, match="symbolic link"):
            desk.save("production.md", "x\n", 1)

        assert secret.read_text() == "secret"
        desk.save("suivi.md", "Others go on.\n", 1)

    def test_a_folder_that_is_gone_is_a_clear_error(self, desk: Desk) -> None:
        root = desk.folder.root
        root.rename(root.with_name("away"))

        with pytest.raises(FileOperationError, match="gone"):
            desk.save("production.md", "x\n", 1)

        root.with_name("away").rename(root)
        desk.save("production.md", "x\n", 1)


class TestRefusals:
    def test_a_busy_lock_is_told_in_time(self, desk: Desk) -> None:
        with write_lock(desk.mission.pk), pytest.raises(LockError):
            desk.save("production.md", "x\n", 1, timeout=0.05)

    def test_a_full_disk_changes_nothing(self, desk: Desk, failing: Fail) -> None:
        failing("fsync", FULL)

        with pytest.raises(FileOperationError, match="disk is full"):
            desk.save("production.md", "x\n", 1)

        assert desk.current("production.md").number == 1
        assert desk.on_disk("production.md") == TEXT.encode()
        assert not LandingRecord.objects.filter(state="OPEN").exists()

    def test_a_hook_that_fails_undoes_everything(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_landed: hooks.Landed) -> None:
            raise ValidationError("No.")

        monkeypatch.setattr(hooks, "on_landed", [refuse])

        with pytest.raises(ValidationError, match="No"):
            desk.save("production.md", "x\n", 1)

        assert desk.text("production.md") == TEXT
        assert desk.on_disk("production.md") == TEXT.encode()

    def test_only_a_run_can_propose(self, desk: Desk) -> None:
        with pytest.raises(ValidationError, match="run"):
            desk.save("production.md", "x\n", 1, propose=Proposal.Reason.REVIEW)


class TestWhatOthersHear:
    def test_events_tell_what_changed_and_who(self, desk: Desk) -> None:
        desk.save("production.md", "x\n", 1)
        desk.save("production.md", None, 2)

        changed, removed = Event.objects.filter(mission=desk.mission).order_by("seq")[2:]
        assert changed.data == {
            "path": "production.md",
            "revision": 2,
            "hash": sha256(b"x\n"),
            "author": {"kind": "person", "name": "Ada Lovelace", "role": None, "run": None},
        }
        gone = {"path": "production.md", "author": changed.data["author"]}
        assert (removed.type, removed.data) == ("file.removed", gone)

    def test_a_proposal_is_told(self, desk: Desk) -> None:
        landing = desk.run(
            desk.lease(),
            [Change(path="production.md", text="Short.\n", base=1)],
            propose=Proposal.Reason.REVIEW,
        )

        event = Event.objects.latest("seq")
        assert landing.proposal is not None
        assert event.type == "proposal.changed"
        assert event.data == {"proposal": landing.proposal.pk, "state": "OPEN"}

    def test_hooks_and_within_run_inside_the_transaction_in_order(
        self, desk: Desk, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        heard: list[object] = []
        monkeypatch.setattr(
            hooks, "on_landed", [lambda landed: heard.append(landed.revisions[0].file.path)]
        )

        landing = desk.save("production.md", "x\n", 1, within=lambda so_far: heard.append(so_far))

        assert heard == ["production.md", landing]

    def test_within_runs_when_nothing_changed_too(self, desk: Desk) -> None:
        heard: list[object] = []

        desk.save("production.md", TEXT, 1, within=heard.append)

        assert len(heard) == 1

    @pytest.mark.django_db(transaction=True)
    def test_frames_wait_for_the_commit(self, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
        frames: list[str] = []
        monkeypatch.setattr(
            "parallagon.core.live.send", lambda group, text, seq: frames.append(text)
        )

        def look(_landing: object) -> None:
            assert frames == []

        desk.save("production.md", "x\n", 1, within=look)

        (frame,) = frames
        assert '"file.changed"' in frame

    def test_a_save_moves_the_mission_up(self, desk: Desk) -> None:
        desk.save("production.md", "x\n", 1)

        assert Mission.objects.get(pk=desk.mission.pk).updated_at == NOW


class TestAuthor:
    def test_of_a_revision_is_its_author(self, desk: Desk) -> None:
        lease = desk.lease()
        (revision,) = desk.run(lease, [Change(path="production.md", text="x\n", base=1)]).revisions

        assert Author.of(revision).as_data() == {
            "kind": "agent",
            "name": "production",
            "role": "production",
            "run": str(lease.run_id),
        }
