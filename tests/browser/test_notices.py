"""What a person is told while the page is open: at once, in a list, until it is read."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import DESKTOP, SitDown
from tests.browser.person import Person

QUIET = {"in_app": False, "browser": False}


@pytest.fixture
def mission(owner: Person) -> int:
    mission = owner.create_mission("A gate", "# A gate\n\nThe gate must open.\n")
    owner.open(mission, "demande.md")
    # Of the demo, whose team comes to rest some time, nobody is told from now on.
    owner.patch("notifications/preferences/", {"choices": {"mission.settled": QUIET}})
    owner.post("notifications/read-all", {})
    expect(bell(owner)).to_have_accessible_name("Notifications")
    return mission


def bell(person: Person) -> Locator:
    return person.page.get_by_role("banner").locator(".NoticeBell > button")


def tell(owner: Person, mission: int, title: str, level: str = "info") -> None:
    owner.post("notifications/", {"mission": mission, "title": title, "level": level})


class TestNotices:
    def test_arrive_live_and_are_read_from_the_keyboard(self, owner: Person, mission: int) -> None:
        tell(owner, mission, "The hinges are late", "warning")
        expect(bell(owner)).to_have_accessible_name("Notifications: 1 unread")
        bell(owner).focus()
        owner.page.keyboard.press("Enter")

        notices = owner.page.get_by_role("dialog", name="Notifications")
        older = notices.get_by_role("button", name="Warning, unread").first
        expect(older).to_contain_text("The hinges are late")
        expect(older).to_be_focused()
        tell(owner, mission, "The lock has come")  # while the list is open
        newer = notices.get_by_role("button", name="Information, unread").first
        expect(newer).to_contain_text("The lock has come")
        owner.shoot("notices")
        owner.page.keyboard.press("ArrowUp")
        expect(newer).to_be_focused()

        notices.get_by_role("button", name="Mark all as read").click()
        expect(bell(owner)).to_have_accessible_name("Notifications")
        owner.page.keyboard.press("Escape")
        expect(notices).to_be_hidden()
        expect(bell(owner)).to_be_focused()
        assert owner.get("notifications/?unread=true")["results"] == []

    def test_read_in_one_tab_they_are_read_in_the_other(
        self, owner: Person, mission: int, sit_down: SitDown
    ) -> None:
        other = sit_down(owner.context.storage_state(), **DESKTOP)
        other.open(mission, "demande.md")
        tell(owner, mission, "The paint is dry")
        expect(bell(other)).to_have_accessible_name("Notifications: 1 unread")

        bell(owner).click()
        owner.page.get_by_role("button", name="Mark as read: ").first.click()

        expect(bell(other)).to_have_accessible_name("Notifications")

    def test_lead_to_their_mission(self, owner: Person, mission: int) -> None:
        elsewhere = owner.create_mission("A fence", "# A fence\n\nA fence.\n")
        tell(owner, elsewhere, "The posts stand")

        bell(owner).click()
        owner.page.get_by_role("button", name="The posts stand").first.click()

        expect(owner.title).to_have_text("A fence")

    def test_are_chosen_by_type_and_channel(self, owner: Person, mission: int) -> None:
        bell(owner).click()
        owner.forgive("422")  # which the browser says, too
        owner.page.get_by_role("button", name="Notification settings").click()
        dialog = owner.page.get_by_role("dialog", name="Notification settings")
        aside = dialog.get_by_label("a file was set aside, Here")
        expect(aside).to_be_checked()
        aside.uncheck()
        expect(aside).not_to_be_checked()
        dialog.get_by_role("button", name="Set up: Webhook").click()
        dialog.get_by_label("Address that receives a POST").fill("http://127.0.0.1/hook")
        dialog.get_by_role("button", name="Keep").click()
        expect(dialog.get_by_role("alert")).not_to_be_empty()  # inside the network: refused
        owner.shoot("notice-settings")
        owner.page.keyboard.press("Escape")
        owner.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()

        choices = owner.get("notifications/preferences/")["results"]
        (kept,) = (one["channels"] for one in choices if one["type"] == "file.set_aside")
        assert kept["in_app"] is False
        assert kept["browser"] is True
