"""A file is renamed and removed from the tree, by keyboard, while someone else writes in it."""

import re

from playwright.sync_api import Locator, expect

from tests.browser.person import Person
from tests.browser.test_two_people import Invite, invite

__all__ = ["invite"]

REQUEST = "# A room\n\nThe room must be warm.\n"


class TestMoving:
    def test_a_renamed_file_stays_open_with_what_is_typed(
        self, owner: Person, invite: Invite
    ) -> None:
        mission = owner.create_mission("A file with two names", REQUEST)
        guest = invite("rosa", mission)
        owner.open(mission, "production.md")
        guest.open(mission, "production.md")
        held = guest.hold_saves()
        guest.write_at_end("production.md", "\nTyped before the file moved.\n")
        expect(guest.save_status).to_have_text("Saving")

        self._rename(owner, "production.md", "rapport.md")

        for person in (owner, guest):
            expect(person.document.get_by_role("heading", name="rapport.md")).to_be_visible()
            expect(person.page).to_have_url(re.compile(r"#rapport\.md$"))
            expect(person.file("production.md")).to_have_count(0)
        expect(guest.text("rapport.md")).to_contain_text("Typed before the file moved.")
        held.let_go()
        expect(guest.save_status).to_have_text(re.compile("^Saved"))
        expect(owner.text("rapport.md")).to_contain_text("Typed before the file moved.")
        assert "Typed before" in owner.saved_text(mission, "rapport.md")
        assert any("renamed production.md to rapport.md" in line for line in guest.feed_lines())

    def test_a_removed_file_comes_back(self, owner: Person) -> None:
        mission = owner.create_mission("A file that comes back", REQUEST)
        owner.open(mission, "suivi.md")
        owner.write_at_end("suivi.md", "\nJust typed.\n")

        menu = self._open_menu(owner, "suivi.md")
        owner.shoot("file-menu")
        menu.get_by_role("menuitem", name="Remove").click()

        expect(owner.file("suivi.md")).to_have_count(0)
        toast = owner.page.locator(".ToastStack")
        expect(toast).to_contain_text("suivi.md was removed.")
        owner.shoot("file-removed")
        toast.get_by_role("button", name="Undo").click()

        expect(owner.file("suivi.md")).to_be_visible()
        owner.choose("suivi.md")
        expect(owner.text("suivi.md")).to_contain_text("Just typed.")
        assert "Just typed." in owner.saved_text(mission, "suivi.md")

    def _open_menu(self, person: Person, path: str) -> Locator:
        """Open a file's menu as one does without a mouse."""
        person.file(path).focus()
        person.page.keyboard.press("Tab")
        person.page.keyboard.press("Enter")
        menu = person.page.get_by_role("menu", name=f"More for {path}")
        expect(menu.get_by_role("menuitem", name="Rename")).to_be_focused()
        return menu

    def _rename(self, person: Person, path: str, to: str) -> None:
        self._open_menu(person, path)
        person.page.keyboard.press("ArrowDown")
        person.page.keyboard.press("ArrowUp")
        person.page.keyboard.press("Enter")
        name = person.dialog.get_by_role("textbox", name="Path")
        expect(name).to_be_focused()
        person.page.keyboard.type(to.removesuffix(".md"))  # the name alone is chosen
        person.shoot("file-rename")
        expect(name).to_have_value(to)
        person.page.keyboard.press("Enter")
        expect(person.dialog).to_have_count(0)
