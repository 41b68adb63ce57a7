"""What a mission costs, seen and capped from the page."""

from playwright.sync_api import Locator, expect

from tests.browser.held_model import HeldModel
from tests.browser.person import Person

REQUEST = "# A bell\n\nThe bell must ring at noon.\n"
MODEL = "openai/patient"


def line(person: Person) -> Locator:
    return person.page.locator(".BudgetLine")


def cap_the_day(person: Person, dollars: str) -> None:
    """Give the mission this cap of a day; an empty one leaves it to the installation."""
    line(person).get_by_role("button", name="Change").click()
    dialog = person.page.get_by_role("dialog", name="Budget")
    dialog.get_by_label("Dollars a day").fill(dollars)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()


class TestBudget:
    def test_is_shown_lowered_and_raised(self, owner: Person, held_model: HeldModel) -> None:
        mission = owner.create_mission("A bell", REQUEST, model=MODEL)
        owner.open(mission, "demande.md")
        expect(line(owner).locator("strong")).to_have_text("$0.00")
        expect(line(owner)).to_contain_text("/ $5.00")

        held_model.go_on("There is nothing to change.\n")
        owner.run_agent("Production")
        expect(line(owner).locator("strong")).to_have_text("$0.01")
        owner.shoot("budget-fine")

        cap_the_day(owner, "0.0001")
        expect(line(owner).get_by_role("status")).to_contain_text("Used up")
        owner.agent("Evaluation").get_by_role("button", name="Start Evaluation").click()
        expect(owner.agent("Evaluation")).to_contain_text("Paused: budget")
        owner.shoot("budget-reached")

        held_model.go_on("There is nothing to change.\n")
        cap_the_day(owner, "")
        expect(owner.agent("Evaluation")).not_to_contain_text("Paused")
        expect(line(owner)).to_contain_text("/ $5.00")

    def test_refuses_what_is_no_amount(self, owner: Person) -> None:
        mission = owner.create_mission("A bell", REQUEST)
        owner.open(mission, "demande.md")

        line(owner).get_by_role("button", name="Change").click()
        dialog = owner.page.get_by_role("dialog", name="Budget")
        dialog.get_by_label("Dollars in all").fill("much")
        dialog.get_by_role("button", name="Save").click()

        expect(dialog.get_by_role("alert")).to_contain_text("plain amounts")
        owner.shoot("budget-dialog")
