"""Who wrote each stretch of a text is shown beside it, and leads on to the run."""

from playwright.sync_api import expect

from tests.browser.person import Person

REQUEST = "# A bell\n\nThe bell must ring at noon.\n"


class TestProvenance:
    def test_a_stretch_leads_to_the_run_that_wrote_it(self, owner: Person) -> None:
        mission = owner.create_mission("A bell", REQUEST)
        owner.open(mission, "specifications.md")
        owner.run_agent("Specifications")
        expect(owner.document).to_contain_text("Revision 2")
        toggle = owner.document.get_by_role("button", name="Who wrote what")

        toggle.click()

        marks = owner.document.get_by_role("button", name="By Specifications")
        expect(marks.first).to_have_text("S")
        owner.shoot("provenance")
        marks.first.focus()
        owner.page.keyboard.press("Enter")
        card = owner.page.get_by_role("dialog", name="Specifications")
        expect(card).to_contain_text("offline/writer")
        owner.shoot("provenance-card")
        card.get_by_role("button", name="Show the run").click()
        expect(owner.page.get_by_role("dialog", name="Run of Specifications")).to_be_visible()
        owner.page.keyboard.press("Escape")

        saves = owner.hold_saves()
        owner.write_at_end("specifications.md", "\nMine.\n")
        expect(owner.document.get_by_role("button", name="By You")).to_be_visible()
        saves.let_go()
        expect(owner.save_status).to_have_text("Saved")
        expect(owner.document.get_by_role("button", name="By You")).to_have_count(0)
        owner.shoot("provenance-saved")
