"""A mission is put away, taken back, deleted and restored, without leaving the page."""

import re

from playwright.sync_api import StorageState, expect

from tests.browser.conftest import SitDown
from tests.browser.person import Person


def make_mission(person: Person, title: str) -> None:
    person.page.goto(person.address)
    person.page.get_by_role("button", name="New mission").click()
    person.dialog.get_by_label("Title").fill(title)
    person.dialog.get_by_label("Request").fill("It must count.")
    person.dialog.get_by_label("Start the team at once").uncheck()
    person.dialog.get_by_role("button", name="Create the mission").click()
    expect(person.title).to_have_text(title)


def choose(person: Person, action: str) -> None:
    """Choose something from the menu of the open mission."""
    person.page.get_by_role("button", name="What to do with this mission").click()
    menu = person.page.get_by_role("group", name="What to do with this mission")
    menu.get_by_role("button", name=action).click()


def listed(person: Person, title: str) -> None:
    missions = person.page.get_by_role("navigation", name="Missions")
    expect(missions.get_by_role("button", name=re.compile(title))).to_be_visible()


def not_listed(person: Person, title: str) -> None:
    missions = person.page.get_by_role("navigation", name="Missions")
    expect(missions.get_by_role("button", name=re.compile(title))).to_have_count(0)


class TestArchive:
    def test_an_archived_mission_can_be_read_and_restored(self, owner: Person) -> None:
        make_mission(owner, "An old story")
        choose(owner, "Archive")

        expect(owner.activity).to_have_text("Archived")
        not_listed(owner, "An old story")
        expect(
            owner.page.get_by_text("You can read this mission but not change it.")
        ).to_be_visible()

        owner.page.get_by_role("button", name="Archive", exact=True).click()
        row = owner.dialog.get_by_role("listitem").filter(has_text="An old story")
        expect(row).to_be_visible()
        owner.shoot("archive-dialog")
        row.get_by_role("button", name="Restore").click()

        expect(owner.activity).to_have_text("Stopped")
        listed(owner, "An old story")

    def test_a_deletion_can_be_undone_at_once_or_later(self, owner: Person) -> None:
        make_mission(owner, "A mistake")
        owner.page.get_by_role("button", name="What to do with this mission").click()
        owner.shoot("mission-menu")
        owner.page.keyboard.press("Escape")
        choose(owner, "Delete")
        not_listed(owner, "A mistake")
        expect(owner.title).not_to_have_text("A mistake")
        owner.shoot("deleted")

        owner.page.get_by_role("button", name="Undo").click()

        expect(owner.title).to_have_text("A mistake")
        listed(owner, "A mistake")

        choose(owner, "Delete")
        owner.page.get_by_role("button", name="Archive", exact=True).click()
        row = owner.dialog.get_by_role("listitem").filter(has_text="A mistake")
        expect(row).to_contain_text("Can be restored until")
        row.get_by_role("button", name="Restore").click()
        expect(owner.title).to_have_text("A mistake")

    def test_who_looks_on_is_led_away(
        self, owner: Person, sit_down: SitDown, owner_state: StorageState
    ) -> None:
        make_mission(owner, "Short-lived")
        other = sit_down(owner_state, color_scheme="dark")
        other.page.goto(owner.page.url)
        expect(other.title).to_have_text("Short-lived")
        expect(other.connection).to_have_text("Live")

        choose(owner, "Delete")

        expect(other.title).not_to_have_text("Short-lived")
        not_listed(other, "Short-lived")
        other.shoot("led-away-dark")


class TestSample:
    def test_fills_a_mission_and_says_what_it_kept(self, owner: Person) -> None:
        make_mission(owner, "To look around")

        choose(owner, "Load sample data")

        expect(owner.page.get_by_text("3 files were written.")).to_be_visible()
        expect(
            owner.page.get_by_text("Kept, because somebody wrote in it: demande.md")
        ).to_be_visible()
        owner.shoot("sample")
        expect(owner.file("data/inventory.csv")).to_be_visible()
