"""What a person tells an agent from the team's panel: an instruction, review, another prompt."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.person import Person

REQUEST = "# A bell\n\nThe bell must ring at noon.\n"


@pytest.fixture
def mission(owner: Person) -> int:
    return owner.create_mission("A bell", REQUEST)


def details(owner: Person, mission: int) -> Locator:
    """Open the details of an agent."""
    owner.open(mission, "demande.md")
    row = owner.agent("Specifications")
    row.get_by_role("button", name="Details of Specifications").click()
    return row


class TestGuidance:
    def test_an_instruction_waits_and_is_read(self, owner: Person, mission: int) -> None:
        row = details(owner, mission)
        row.get_by_label("For its next run").fill("Number every sentence.\nBe brief.")
        row.get_by_label("For its next run").press("Control+Enter")

        waiting = row.get_by_role("list", name="Instructions that wait")
        expect(waiting).to_contain_text("Number every sentence.")
        waiting.get_by_role("button", name="Change it").click()
        waiting.get_by_role("textbox", name="Change it").fill("Number every line.")
        waiting.get_by_role("button", name="Save").click()
        expect(waiting).to_contain_text("Number every line.")
        expect(waiting).not_to_contain_text("Number every sentence.")
        owner.shoot("guidance-instruction")
        owner.run_agent("Specifications")
        expect(waiting).to_be_hidden()

    def test_in_review_a_result_waits_for_a_decision(self, owner: Person, mission: int) -> None:
        row = details(owner, mission)

        row.get_by_role("button", name="With review").click()
        expect(row.get_by_role("button", name="With review")).to_have_attribute(
            "aria-pressed", "true"
        )
        owner.run_agent("Specifications")

        expect(owner.feed).to_contain_text("Specifications proposes a change")
        assert "must ring" not in owner.saved_text(mission, "specifications.md")

    def test_a_prompt_is_changed_previewed_compared_and_reset(
        self, owner: Person, mission: int
    ) -> None:
        row = details(owner, mission)
        row.get_by_role("button", name="Prompt…").click()
        dialog = owner.page.get_by_role("dialog", name="Prompt of Specifications")
        dialog.get_by_label("The prompt that comes with the role").fill("Write in verse.\n")

        dialog.get_by_role("button", name="Preview").click()
        message = dialog.locator("details[open] pre")
        expect(message).to_contain_text("Write in verse.", timeout=100_000)
        expect(dialog).to_contain_text("Files to change")
        owner.shoot("guidance-preview")
        dialog.get_by_role("button", name="Save as a new version").click()
        expect(dialog.get_by_label("The agent’s own prompt")).to_have_value("Write in verse.\n")
        owner.shoot("guidance-prompt")

        dialog.get_by_role("button", name="Versions").click()
        dialog.get_by_role("button", name="Changes").click()
        expect(dialog.locator(".DiffView")).to_contain_text("Write in verse.")
        owner.shoot("guidance-versions")
        dialog.get_by_role("button", name="Back to the role’s prompt").click()
        expect(dialog.get_by_label("The prompt that comes with the role")).to_be_visible()
        owner.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
