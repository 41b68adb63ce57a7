"""How the index stays true."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from agents.selectors import run_directory
from missions.landing import Author, Change, land
from missions.models import Mission
from parallagon.core.errors import ServiceError
from parallagon.search import documents, services
from parallagon.search.models import SearchEntry, SearchPosition
from parallagon.search.services import IndexMission, RepairIndex, UpdateIndex
from tests.agents.factories import make_agent, make_run
from tests.factories import make_mission, write_files
from tests.search.conftest import Find


def position(mission: Mission) -> int:
    return SearchPosition.objects.get(mission=mission).seq


class TestUpdateIndex:
    def test_what_did_not_change_is_not_looked_at(self, mission, django_assert_num_queries):
        assert UpdateIndex().execute() == 1

        with django_assert_num_queries(2):  # missions that changed, missions that are new
            assert UpdateIndex().execute() == 0

    def test_only_what_changed_is_read(self, mission, monkeypatch):
        UpdateIndex().execute()
        write_files(mission, {"notes.md": "New.\n"})
        read: list[str] = []
        text = documents._text

        def reading(blob: str) -> str:
            read.append(blob)
            return text(blob)

        monkeypatch.setattr(documents, "_text", reading)

        assert UpdateIndex().execute() == 1

        assert read == [mission.files.get(path="notes.md").current.blob_id]
        mission.refresh_from_db()
        assert position(mission) == mission.seq

    def test_it_goes_on_next_time_when_time_is_up(self, mission, owner):
        make_mission(owner=owner)

        assert [UpdateIndex(seconds=0).execute() for _ in range(3)] == [1, 1, 0]

    def test_one_that_ends_half_way_is_done_again(self, find: Find, mission, monkeypatch):
        monkeypatch.setattr(services, "AT_ONCE", 1)  # each entry in its own transaction
        written: list[str] = []

        def write(portion: list[documents.Document]) -> None:
            if written:
                raise OSError("killed")
            written.append(portion[0].entry.key)
            services_write(portion)

        services_write = services._write
        monkeypatch.setattr(services, "_write", write)
        with pytest.raises(ServiceError):
            IndexMission(mission_id=mission.pk).execute()
        assert SearchEntry.objects.count() == 1
        assert position(mission) == services.UNKNOWN
        monkeypatch.undo()

        assert find("orchids")

    def test_who_read_an_older_state_writes_nothing(self, find: Find, mission, monkeypatch):
        find("orchids")
        write_files(mission, {"notes.md": "The old zeppelin.\n"})
        look = documents.stale_documents

        def overtaken(*args, **options):
            slow = list(look(*args, **options))
            monkeypatch.setattr(services, "stale_documents", look)
            write_files_again()
            assert IndexMission(mission_id=mission.pk).execute() == 1
            return iter(slow)

        def write_files_again() -> None:
            file = mission.files.get(path="notes.md")
            change = Change(path="notes.md", text="The comet.\n", base=file.current.number)
            land(mission, [change], author=Author.SYSTEM, now=timezone.now())

        monkeypatch.setattr(services, "stale_documents", overtaken)

        assert IndexMission(mission_id=mission.pk).execute() == 0
        assert find("comet")
        assert find("zeppelin") == []


class TestRepairIndex:
    def test_whatever_differs_is_mended(self, find: Find, mission):
        find("orchids")
        make_run(make_agent(mission, "suivi"), reason="A comet passed.")
        SearchEntry.objects.filter(name="production.md").update(source="0" * 64)
        SearchEntry.objects.filter(name="demande.md").delete()

        assert RepairIndex().execute() == 3  # the run had no event

        assert find("orchids")[0].snippet.line == 5
        assert {found.kind for found in find("plants")} == {"mission", "file"}
        assert find("comet")
        assert RepairIndex().execute() == 0

    def test_another_version_has_everything_indexed_anew(self, find: Find, mission):
        find("orchids")
        SearchEntry.objects.update(version=0)

        assert RepairIndex().execute() == 3

    def test_what_a_run_said_goes_when_it_is_kept_no_longer(self, find: Find, mission, settings):
        run = make_run(make_agent(mission, "suivi"), finished_at=timezone.now() - timedelta(days=2))
        folder = run_directory(run.pk)
        folder.mkdir(parents=True)
        (folder / "log.jsonl").write_text('{"at":"","stream":"log","text":"A comet"}\n')
        assert find("comet")

        settings.PARALLAGON_RUN_DAYS = 1
        RepairIndex().execute()

        assert find("comet") == []

    def test_another_language_of_the_mission_is_another_index(self, find: Find, mission):
        find("orchids")
        Mission.objects.update(language="fr")

        assert RepairIndex().execute() == 3


class TestReindex:
    def test_everything_is_indexed_anew(self, find: Find, mission, capsys):
        find("orchids")
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM search_words")
        assert find("orchids") == []

        call_command("reindex")

        assert capsys.readouterr().out == "1 missions, 3 entries.\n"
        assert find("orchids")

    def test_one_mission_alone(self, find: Find, mission, owner, capsys):
        make_mission(owner=owner)
        find("orchids")

        call_command("reindex", str(mission.pk))

        assert capsys.readouterr().out == "1 missions, 3 entries.\n"
