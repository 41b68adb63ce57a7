"""A mission of one's own: through the dialog, in French, and by keyboard alone."""

import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.person import Person

REQUEST = """# Une salle pour la chorale

La chorale cherche une salle.

La salle doit accueillir quatre-vingts choristes.

Il faut un piano accordé deux fois par an.
"""
FIRST_HEADINGS = {
    "demande.md": "Une salle pour la chorale",
    "specifications.md": "Spécifications",
    "production.md": "Production",
    "management.md": "Pilotage",
    "evaluation.md": "Évaluation",
    "suivi.md": "Suivi",
    "duplication.md": "Doublons",
}


class TestDialog:
    def test_makes_a_mission_whose_documents_are_french(self, owner: Person) -> None:
        owner.page.goto(owner.address)
        owner.page.get_by_role("button", name="New mission").click()
        owner.dialog.get_by_label("Title").fill("Une salle pour la chorale")
        owner.dialog.get_by_label("Request").focus()
        owner.page.keyboard.insert_text(REQUEST)
        owner.dialog.get_by_label("Language of the documents").select_option("Français")
        owner.shoot("new-mission")
        owner.dialog.get_by_role("button", name="Create the mission").click()

        expect(owner.dialog).to_be_hidden()
        expect(owner.title).to_have_text("Une salle pour la chorale")
        expect(owner.preview("demande.md")).to_contain_text("quatre-vingts choristes")
        expect(owner.activity).to_have_text("Settled")
        for path, heading in FIRST_HEADINGS.items():
            owner.choose(path)
            expect(owner.preview(path).get_by_role("heading").first).to_have_text(heading)
        owner.choose("specifications.md")
        expect(owner.preview("specifications.md")).to_contain_text(
            "La salle doit accueillir quatre-vingts choristes."
        )
        owner.shoot("french-documents")

        owner.page.get_by_role("button", name="Stop all").click()

        expect(owner.activity).to_have_text("Stopped")
        expect(owner.feed).to_contain_text("The team has stopped")
        expect(owner.page.get_by_role("button", name="Start all")).to_be_visible()

    def test_reads_a_request_from_a_file(self, owner: Person, tmp_path: Path) -> None:
        file = tmp_path / "request.md"
        file.write_text(REQUEST, encoding="utf-8")
        owner.page.goto(owner.address)
        owner.page.get_by_role("button", name="New mission").click()

        with owner.page.expect_file_chooser() as chooser:
            owner.dialog.get_by_role("button", name="Upload a file").click()
        chooser.value.set_files(file)

        expect(owner.dialog.get_by_label("Title")).to_have_value("Une salle pour la chorale")
        expect(owner.dialog.get_by_label("Request")).to_have_value(REQUEST)

    def test_names_what_is_missing(self, owner: Person) -> None:
        owner.page.goto(owner.address)
        owner.page.get_by_role("button", name="New mission").click()

        owner.dialog.get_by_role("button", name="Create the mission").click()

        expect(owner.dialog).to_contain_text("Give the mission a title.")
        expect(owner.dialog).to_contain_text("Write or upload the request.")
        expect(owner.dialog.get_by_label("Title")).to_be_focused()
        owner.shoot("new-mission-missing")


class TestKeyboard:
    def test_is_all_that_a_new_mission_needs(self, owner: Person) -> None:
        owner.page.goto(owner.address)
        new_mission = owner.page.get_by_role("button", name="New mission")
        expect(owner.title).to_be_visible()
        keyboard = owner.page.keyboard
        keyboard.press("Tab")
        expect(owner.page.get_by_role("link", name="Skip to the document")).to_be_focused()
        owner.shoot("skip-link")
        keyboard.press("Tab")
        expect(new_mission).to_be_focused()

        keyboard.press("Enter")
        expect(owner.dialog.get_by_label("Title")).to_be_focused()
        keyboard.type("By hand")
        keyboard.press("Tab")
        expect(owner.dialog.get_by_label("Request")).to_be_focused()
        keyboard.type("The keys must suffice.")
        keyboard.press("Escape")

        expect(owner.dialog).to_be_hidden()
        expect(new_mission).to_be_focused()

        keyboard.press("Enter")
        expect(owner.dialog.get_by_label("Request")).to_have_value("The keys must suffice.")
        keyboard.press("Enter")

        expect(owner.title).to_have_text("By hand")
        expect(owner.page).to_have_url(re.compile(r"#demande\.md$"))
        expect(owner.preview("demande.md")).to_contain_text("The keys must suffice.")
        expect(owner.activity).to_have_text("Settled")
