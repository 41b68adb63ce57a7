"""What people find; the same on SQLite and on PostgreSQL."""

import json

import pytest
from django.db import connection
from django.utils import timezone

from agents import announce
from agents.models import Instruction
from agents.selectors import run_directory
from missions.landing import Author, Change, land
from missions.models import Membership, Mission, Revision
from missions.services import UpdateMission
from parallagon.accounts.models import User
from parallagon.search.selectors import search
from parallagon.search.services import UpdateIndex
from tests.agents.factories import make_agent, make_run
from tests.factories import make_mission, make_user, write_files
from tests.search.conftest import GUIDE, Find


def change(mission: Mission, path: str, text: str | None, *, moved_from: str | None = None) -> None:
    """Let the owner write a file, or move it."""
    base = Revision.objects.filter(path=moved_from or path).latest("number").number
    author = Author.person(User.objects.get(username="ada"))
    change = Change(path=path, text=text, base=base, moved_from=moved_from)
    land(mission, [change], author=author, now=timezone.now())


class TestFiles:
    def test_a_file_is_found_by_a_word_of_its_text_with_the_line(self, find: Find, mission):
        [found] = find("orchids")

        assert (found.kind, found.mission, found.path) == ("file", mission, "production.md")
        assert (found.snippet.line, found.snippet.text) == (5, "Water the orchids twice a week.")
        assert found.snippet.hits == [(10, 17)]

    def test_the_last_word_may_be_begun_only(self, find: Find):
        assert [found.path for found in find("water orch")] == ["production.md"]
        assert find("wat orchids") == []

    def test_a_phrase_must_be_there_as_it_is(self, find: Find):
        assert find('"twice a week"')
        assert find('"a twice week"') == []

    def test_words_across_lines_are_a_phrase_too(self, find: Find):
        assert find('"first chapter water"')

    def test_a_word_after_a_minus_keeps_away(self, find: Find):
        assert find("orchids -cactus")
        assert find("orchids -water") == []
        assert find("-water") == []

    @pytest.mark.parametrize("query", ["eleve", "ÉLÈVE", "élè", "coeur", "cœur", "l'eleve"])
    def test_case_and_accents_do_not_matter(self, find: Find, mission, query: str):
        write_files(mission, {"notes.md": "Le cœur de l'élève.\n"})

        assert [found.path for found in find(query)] == ["notes.md"]

    def test_scripts_without_spaces_are_found_inside(self, find: Find, mission):
        write_files(mission, {"notes.md": "これは日本語の文章です。\n"})

        [found] = find("日本語")
        assert [found.snippet.text[begin:end] for begin, end in found.snippet.hits] == ["日本語"]

    def test_a_path_is_found_by_its_parts(self, find: Find, mission):
        write_files(mission, {"production/chapter_two.md": "Nothing.\n"})

        [found] = find("chapter two")
        assert [found.name.text[begin:end] for begin, end in found.name.hits] == ["chapter", "two"]
        assert find("production/chapter_two.md")[0].path == "production/chapter_two.md"

    def test_what_changed_is_found_and_what_it_was_is_not(self, find: Find, mission):
        assert find("orchids")

        change(mission, "production.md", "# Guide\n\nFeed the cactus.\n")

        assert find("orchids") == []
        assert [found.path for found in find("cactus")] == ["production.md"]

    def test_a_file_that_moved_is_found_where_it_is(self, find: Find, mission):
        assert find("orchids")

        change(mission, "production/orchids.md", None, moved_from="production.md")

        assert [found.path for found in find("orchids")] == ["production/orchids.md"]

    def test_a_file_that_was_removed_is_not_found_even_before_it_is_indexed(self, find, mission):
        assert find("orchids")

        mission.files.filter(path="production.md").update(is_removed=True)

        assert find("orchids") == []

    @pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite knows no stems")
    @pytest.mark.parametrize("query", ["watering plant ", '"watering" plants', "chapters"])
    def test_other_forms_of_a_word_are_found(self, find: Find, query: str):
        assert find(query.replace("plant", "orchid"))

    def test_the_end_of_a_long_file_is_found(self, find: Find, mission):
        write_files(mission, {"long.md": f"{'word ' * 40}\n" * 2000 + "the xylophone\n"})

        [found] = find("xylophone")
        assert found.snippet.line == 2001

    def test_a_file_of_nothing_but_different_words_is_indexed(self, find: Find, mission):
        words = "\n".join(f"{number:x}z" for number in range(100_000, 200_000))
        write_files(mission, {"words.txt": words})

        assert find("186a0z")[0].path == "words.txt"


class TestMissions:
    def test_a_mission_is_found_by_its_title_and_its_request(self, find: Find, mission):
        assert [found.kind for found in find("greenhouse")] == ["mission"]
        assert [found.kind for found in find("plants", kind="mission")] == ["mission"]

    def test_a_new_title_is_found(self, find: Find, mission, owner):
        assert find("greenhouse")

        UpdateMission(mission=mission, title="The orchard", now=timezone.now()).execute()

        assert find("greenhouse") == []
        assert find("orchard")

    def test_title_before_path_before_text_whatever_they_repeat(self, find: Find, mission, owner):
        write_files(mission, {"text.md": "tulip\n" * 50, "tulip/notes.md": "A long text. " * 500})
        make_mission(owner=owner, title="The tulip", files={"demande.md": "Much more. " * 500})

        found = find("tulip")

        assert [(one.kind, one.path) for one in found] == [
            ("mission", None),
            ("file", "tulip/notes.md"),
            ("file", "text.md"),
        ]

    def test_archived_ones_are_found_and_say_so(self, find: Find, mission):
        mission.state = Mission.State.ARCHIVED
        mission.save(update_fields=["state"])

        assert {found.mission.state for found in find("orchids")} == {"ARCHIVED"}


class TestRuns:
    @pytest.fixture
    def run(self, mission: Mission):
        run = make_run(
            make_agent(mission, "production"),
            outcome="changed",
            reason="It watered everything.",
            finished_at=timezone.now(),
            changes=[{"path": "production.md"}],
        )
        Instruction.objects.create(
            agent=run.agent, run=run, text="Mention the ficus.", created_at=timezone.now()
        )
        folder = run_directory(run.pk)
        folder.mkdir(parents=True)
        line = {"at": "", "stream": "log", "text": "Applied edit to the rhododendron"}
        (folder / "log.jsonl").write_text(json.dumps(line) + "\n", encoding="utf-8")
        return run

    @pytest.mark.parametrize("words", ["watered", "ficus", "rhododendron", "production.md it"])
    def test_a_run_is_found_by_what_it_went_through(self, find: Find, run, words: str):
        [found] = find(words, kind="run")

        assert (found.run, found.name.text) == (run, "production")

    def test_a_run_that_ended_since_is_found_with_its_event(self, find: Find, mission, run):
        assert find("watered")
        later = make_run(run.agent, outcome="failed", reason="The zeppelin was late.")

        announce.run_finished(later, now=timezone.now())

        assert [found.run for found in find("zeppelin")] == [later]

    def test_a_skipped_one_has_nothing_to_tell(self, find: Find, run):
        make_run(run.agent, outcome="skipped", reason="Nothing new, says the zeppelin.")

        assert find("zeppelin") == []


class TestWhoFinds:
    def test_members_find_and_strangers_do_not(self, find: Find, mission):
        viewer = make_user()
        Membership.objects.create(mission=mission, user=viewer, role=Membership.Role.VIEWER)

        assert find("orchids", user=viewer)
        assert find("orchids", user=make_user()) == []

    def test_who_is_no_member_any_more_finds_nothing(self, find: Find, mission):
        viewer = make_user()
        member = Membership.objects.create(mission=mission, user=viewer, role="viewer")
        assert find("orchids", user=viewer)

        member.delete()

        assert find("orchids", user=viewer) == []

    def test_a_superuser_finds_what_they_are_a_member_of(self, find: Find):
        assert find("orchids", user=make_user(is_superuser=True)) == []

    def test_deleted_missions_are_hidden_and_purged_ones_leave_nothing(self, find, mission):
        assert find("orchids")
        mission.state = Mission.State.DELETED
        mission.save(update_fields=["state"])
        assert find("orchids") == []

        mission.delete()

        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM search_words")
            assert cursor.fetchone() == (0,)

    def test_one_mission_or_kind_alone(self, find: Find, mission, owner):
        other = make_mission(owner=owner, title="Orchids", files={"notes.md": GUIDE})

        assert {found.mission for found in find("orchids")} == {mission, other}
        assert {found.mission for found in find("orchids", mission=other.pk)} == {other}
        assert {found.kind for found in find("orchids", kind="file")} == {"file"}

    def test_nothing_is_found_before_it_was_indexed(self, owner, mission):
        assert search(user=owner, text="orchids") == []
        assert UpdateIndex().execute() == 1
        assert search(user=owner, text="orchids") != []
