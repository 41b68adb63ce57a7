"""People and agents at one file at the same time: nobody's sentence is lost."""

import re
import threading

import pytest
from django.db import connection

from missions.landing import LandingConflict
from missions.models import Proposal, ProposalFile, Revision
from missions.selectors import blob_text
from missions.services import AcceptProposal, CreateFile, RemoveFile, SaveFile
from missions.storage import FileManager
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel, search_block
from tests.factories import make_user

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

TEXT = "# Title\n\nFirst.\n\nSecond.\n\nThird.\n\nFourth.\n"
EDIT = search_block("production.md", "Third.\n", "Third, by the agent.\n")


@pytest.fixture
def written(team: Team) -> Team:
    """A team whose production.md has four paragraphs."""
    team.put("production.md", TEXT)
    return team


class TestASaveDuringARun:
    def test_elsewhere_in_the_file_is_merged(self, written: Team, model: ScriptedModel):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            written.save("production.md", TEXT.replace("First.", "First, by Ada."))
            reply.may_finish.set()

        assert background.join().outcome == "changed"
        assert written.text("production.md") == TEXT.replace("First.", "First, by Ada.").replace(
            "Third.", "Third, by the agent."
        )
        kinds = [revision.author_kind for revision in written.revisions("production.md")[-2:]]
        assert kinds == [Revision.AuthorKind.PERSON, Revision.AuthorKind.AGENT]

    def test_of_the_same_lines_stays_and_the_agents_text_is_proposed(
        self, written: Team, model: ScriptedModel
    ):
        mine = TEXT.replace("Third.", "Third, by Ada.")
        reply = model.enqueue(search_block("production/new.md", "", "# New\n"), EDIT, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            written.save("production.md", mine)
            reply.may_finish.set()

        run = background.join()
        assert run.outcome == "proposed", run.reason
        assert written.text("production.md") == mine
        assert written.on_disk()["production.md"].decode() == mine
        assert "production/new.md" not in written.paths(), "no file of the run lands"
        proposal = Proposal.objects.get()
        assert (proposal.reason, proposal.run_id) == (Proposal.Reason.OVERLAP, run.pk)
        assert set(proposal.files.values_list("path", flat=True)) == {
            "production.md", "production/new.md",
        }  # fmt: skip

    def test_of_a_file_that_the_agent_only_reads_lands_beside_it(
        self, written: Team, model: ScriptedModel
    ):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            written.save("demande.md", "# Another\n")
            reply.may_finish.set()

        assert background.join().outcome == "changed"
        assert written.text("demande.md") == "# Another\n"

    def test_of_another_program_in_the_folder_is_merged_too(
        self, written: Team, model: ScriptedModel
    ):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            path = FileManager(written.mission).root / "production.md"
            path.write_text(TEXT.replace("First.", "First, by vim."))
            reply.may_finish.set()

        assert background.join().outcome == "changed"
        assert "First, by vim." in written.text("production.md")
        assert "Third, by the agent." in written.text("production.md")
        kinds = {revision.author_kind for revision in written.revisions("production.md")}
        assert Revision.AuthorKind.EXTERNAL in kinds

    def test_that_wrote_the_same_leaves_nothing_to_land(self, written: Team, model: ScriptedModel):
        same = TEXT.replace("Third.", "Third, by the agent.")
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            written.save("production.md", same)
            reply.may_finish.set()

        run = background.join()
        assert (run.outcome, run.call_count) == ("unchanged", 1)
        assert written.text("production.md") == same

    def test_that_created_the_same_new_file_keeps_both_texts(
        self, written: Team, model: ScriptedModel
    ):
        block = search_block("production/new.md", "", "# By the agent\n")
        reply = model.enqueue("I write.\n", block, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            CreateFile(
                mission=written.mission, user=written.owner, path="production/new.md",
                text="# By Ada\n", now=written.clock(),
            ).execute()  # fmt: skip
            reply.may_finish.set()

        assert background.join().outcome == "proposed"
        assert written.text("production/new.md") == "# By Ada\n"
        proposed = ProposalFile.objects.get(path="production/new.md")
        assert blob_text(proposed.blob_id) == "# By the agent\n"

    def test_that_removed_the_file_is_not_undone(self, written: Team, model: ScriptedModel):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            RemoveFile(
                mission=written.mission, user=written.owner, path="production.md",
                now=written.clock(),
            ).execute()  # fmt: skip
            reply.may_finish.set()

        run = background.join()
        assert run.outcome == "proposed", run.reason
        assert "production.md" not in written.paths()
        assert "by the agent" in blob_text(ProposalFile.objects.get().blob_id)


class TestTwoPeopleAndAnAgent:
    def test_every_sentence_of_all_three_is_somewhere_afterwards(
        self, written: Team, model: ScriptedModel
    ):
        """Each person saves six times, sometimes the same lines; the agent writes meanwhile."""
        base = written.number("production.md")
        reply = model.enqueue(
            "I write.\n",
            EDIT + search_block("production.md", "Fourth.\n", "Fourth.\n\nAgent's own sentence.\n"),
            hold=True,
        )
        typing = [Typing(written, "Ada", base), Typing(written, "Grace", base)]
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            for person in typing:
                person.start()
            reply.may_finish.set()
            for person in typing:
                person.join(30)

        run = background.join()
        assert run.outcome in {"changed", "proposed"}, run.reason
        proposed = ProposalFile.objects.values_list("blob_id", flat=True)
        everywhere = "".join(
            [
                written.text("production.md"),
                *(blob_text(blob) for blob in proposed),
                *(shown for person in typing for shown in person.shown),
            ]
        )
        for person in typing:
            assert len(person.sentences) == 6
            for sentence in person.sentences:
                assert sentence in everywhere
        assert "Third, by the agent." in everywhere
        assert "Agent's own sentence." in everywhere
        assert written.on_disk()["production.md"].decode() == written.text("production.md")


class Typing(threading.Thread):
    """A person who adds one sentence a save; a conflict is shown to them, and they go on."""

    def __init__(self, team: Team, name: str, base: int) -> None:
        super().__init__()
        self.team, self.base = team, base
        self.user = make_user(first_name=name)
        self.text = TEXT
        self.sentences: list[str] = []
        self.shown: list[str] = []

    def run(self) -> None:
        try:
            for number in range(6):
                self._add(f"{self.user.first_name} says {number}.", number)
        finally:
            connection.close()

    def _add(self, sentence: str, number: int) -> None:
        paragraph = ("First", "Second", "Third", "Fourth")[number % 4]
        mine = re.sub(rf"(?m)^{paragraph}.*$", rf"\g<0>\n{sentence}", self.text)
        self.sentences.append(sentence)
        try:
            saved = SaveFile(
                mission=self.team.mission,
                user=self.user,
                path="production.md",
                text=mine,
                base=self.base,
                now=self.team.clock(),
            ).execute()
        except LandingConflict as conflict:
            self.shown.append(conflict.details["mine"]["text"])
            theirs = conflict.details["theirs"]
            self.text, self.base = theirs["text"], theirs["revision"]
        else:
            self.text, self.base = saved.text, saved.revision.number


class TestAMoveDuringARun:
    def test_takes_the_agents_text_along(self, written: Team, model: ScriptedModel):
        reply = model.enqueue("I write.\n", EDIT, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            written.move("production.md", "rapport.md")
            reply.may_finish.set()

        assert background.join().outcome == "changed"
        assert "Third, by the agent." in written.text("rapport.md")
        assert "production.md" not in written.paths()

    def test_out_of_its_reach_leaves_a_proposal(self, written: Team, model: ScriptedModel):
        written.put("production/part.md", TEXT)
        edit = search_block("production/part.md", "Third.\n", "Third, by the agent.\n")
        reply = model.enqueue("I write.\n", edit, hold=True)
        with written.running("production") as background:
            assert model.is_answering.wait(10)
            written.move("production/part.md", "notes/part.md")
            reply.may_finish.set()

        assert background.join().outcome == "proposed"
        assert written.text("notes/part.md") == TEXT
        proposal = Proposal.objects.get()
        assert proposal.reason == Proposal.Reason.MOVED
        AcceptProposal(proposal=proposal, user=written.owner, now=written.clock()).execute()
        assert "Third, by the agent." in written.text("notes/part.md")

    def test_is_followed_by_the_next_run(self, written: Team, model: ScriptedModel):
        written.move("production.md", "rapport.md")
        model.enqueue("I write.\n", EDIT.replace("production.md", "rapport.md"))

        assert written.run("production").outcome == "changed"

        assert "Third, by the agent." in written.text("rapport.md")
        assert "production.md" not in written.paths()
