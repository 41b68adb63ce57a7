"""One run from close by: what it changed and said, what was refused, and how it is cancelled."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.held_model import BEGINNING, HeldModel
from tests.browser.person import Person

REQUEST = "# A bell\n\nThe bell must ring at noon.\n"
MODEL = "openai/patient"
ESCAPE = """A note outside:

../outside.md
```
<<<<<<< SEARCH
=======
Nobody must read this.
>>>>>>> REPLACE
```
"""


@pytest.fixture
def mission(owner: Person) -> int:
    """A mission whose model answers when the test says."""
    return owner.create_mission("A bell", REQUEST, model=MODEL)


class TestRun:
    def test_shows_what_it_changed_and_said(self, owner: Person) -> None:
        mission = owner.create_mission("A bell", REQUEST)
        owner.open(mission, "demande.md")
        owner.run_agent("Specifications")

        owner.feed.get_by_role("button", name="Specifications changed specifications.md").click()

        panel = owner.page.get_by_role("dialog", name="Run of Specifications")
        expect(panel).to_contain_text("Changed")
        expect(panel).to_contain_text("offline/writer (offline)")
        expect(panel.get_by_role("article")).to_contain_text("The bell must ring at noon.")
        owner.shoot("run-diff")
        panel.get_by_role("button", name="Log").click()
        expect(panel).to_contain_text("Applied edit to specifications.md")
        owner.shoot("run-log")
        panel.get_by_role("button", name="Changes").click()
        panel.get_by_role("button", name="specifications.md").click()
        expect(panel).to_be_hidden()
        expect(owner.preview("specifications.md")).to_contain_text("The bell must ring at noon.")

    def test_shows_what_was_said_and_where_its_time_went(self, owner: Person) -> None:
        mission = owner.create_mission("A bell", REQUEST)
        owner.open(mission, "demande.md")
        owner.run_agent("Specifications")
        owner.feed.get_by_role("button", name="Specifications changed specifications.md").click()
        panel = owner.page.get_by_role("dialog", name="Run of Specifications")

        panel.get_by_role("button", name="Transcript").click()

        call = panel.get_by_role("article", name="Call 1")
        expect(call).to_contain_text("offline/writer")
        expect(call.locator("pre").last).to_contain_text("The bell must ring at noon.")
        expect(call).not_to_contain_text("- write `specifications.md`")
        message = call.locator("summary", has_text="Parallagon role").first
        message.focus()
        owner.page.keyboard.press("Enter")
        expect(call).to_contain_text("- write `specifications.md`")
        expect(panel).to_contain_text(re.compile("manage.py replay_run [0-9a-f-]{36}"))
        owner.shoot("run-transcript")

        panel.get_by_role("button", name="Timings").click()

        timings = panel.get_by_role("table", name="Timings")
        for step in ("Taking its files", "Copying files", "Working", "Landing", "In all"):
            expect(timings.get_by_role("row", name=step)).to_contain_text(re.compile(r"\d m?s"))
        owner.shoot("run-timings")

    def test_can_be_taken_back(self, owner: Person) -> None:
        mission = owner.create_mission("A bell", REQUEST)
        owner.open(mission, "specifications.md")
        owner.run_agent("Specifications")
        owner.feed.get_by_role("button", name="Specifications changed specifications.md").click()
        panel = owner.page.get_by_role("dialog", name="Run of Specifications")

        panel.get_by_role("button", name="Take this run back").click()
        expect(panel).to_contain_text("What the run changed goes; what came after it stays.")
        owner.shoot("run-revert")
        panel.get_by_role("button", name="Take it back").click()

        expect(panel).to_contain_text("Taken back.")
        owner.page.keyboard.press("Escape")
        expect(owner.document).to_contain_text("Revision 3")
        expect(owner.preview("specifications.md")).not_to_contain_text("must ring at noon")

    def test_ends_when_it_is_cancelled(
        self, owner: Person, mission: int, held_model: HeldModel
    ) -> None:
        owner.open(mission, "specifications.md")
        owner.run_agent("Specifications")
        expect(owner.agent("Specifications")).to_contain_text("Running")
        expect(owner.agent("Specifications")).to_contain_text(BEGINNING.strip())
        expect(owner.document).to_contain_text("Specifications is working on this file.")
        owner.shoot("run-live")

        owner.page.get_by_role("button", name=re.compile("Writing now: Specifications")).click()
        panel = owner.page.get_by_role("dialog", name="Run of Specifications")
        expect(panel).to_contain_text("The run is still going on.")
        expect(panel).to_contain_text(BEGINNING.strip())
        owner.shoot("run-running")
        panel.get_by_role("button", name="Cancel the run").click()

        expect(panel).to_contain_text("Cancelled")
        expect(panel.get_by_role("button", name="Cancel the run")).to_be_hidden()
        assert held_model.left.wait(10)
        owner.page.keyboard.press("Escape")
        expect(panel).to_be_hidden()
        expect(owner.feed).to_contain_text("Specifications: run cancelled")
        expect(owner.agent("Specifications")).to_contain_text("Stopped")
        expect(owner.document).to_contain_text("Revision 1")

    def test_names_what_was_refused(
        self, owner: Person, mission: int, held_model: HeldModel
    ) -> None:
        owner.open(mission, "specifications.md")
        held_model.go_on(ESCAPE)

        owner.run_agent("Specifications")

        owner.feed.get_by_role("button", name="Specifications: result rejected").click()
        panel = owner.page.get_by_role("dialog", name="Run of Specifications")
        expect(panel).to_contain_text("Rejected")
        expect(panel).to_contain_text("../outside.md")
        owner.shoot("run-refused")
