"""What is watched over, seen and changed from the page."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, StorageState, expect

from tests.browser.catalogues import Strangers
from tests.browser.conftest import SitDown
from tests.browser.person import Person

REQUEST = "# A bell\n\nThe bell must ring at noon.\n"
WIDTH = 390  # pixels
PHONE: dict[str, Any] = {
    "viewport": {"width": WIDTH, "height": 844}, "is_mobile": True, "has_touch": True,
    "color_scheme": "dark",
}  # fmt: skip


@pytest.fixture
def mission(owner: Person) -> int:
    return owner.create_mission("A bell", REQUEST)


def open_alerts(person: Person, mission: int) -> Locator:
    person.page.goto(f"{person.address}/editor/{mission}#demande.md")
    person.page.get_by_role("banner").locator("[aria-controls=mission-menu]").click()
    person.page.get_by_role("button", name=re.compile("^Alert[e]?s…$")).click()
    dialog = person.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    return dialog


class TestAlerts:
    def test_a_rule_is_made_changed_tried_and_removed(self, owner: Person, mission: int) -> None:
        dialog = open_alerts(owner, mission)
        expect(dialog).to_contain_text("Nothing is watched here yet.")

        dialog.get_by_role("button", name="Add a rule").click()
        dialog.get_by_label("What is watched").select_option(label="Runs that fail")
        dialog.get_by_label("Name").fill("Too many failures")
        dialog.get_by_label("Limit (percent)").fill("much")
        dialog.get_by_role("button", name="Save the rule").click()
        expect(dialog.get_by_role("alert")).to_contain_text("plain numbers")
        owner.shoot("alerts-form")
        dialog.get_by_label("Limit (percent)").fill("30")
        dialog.get_by_role("button", name="Save the rule").click()

        row = dialog.get_by_role("listitem").filter(has_text="Too many failures")
        expect(row).to_contain_text("Limit: 30 % or more")
        row.get_by_role("button", name="Change Too many failures").click()
        dialog.get_by_label("Over at").fill("10")
        dialog.get_by_label("Over at").press("Enter")
        expect(row).to_be_visible()
        [rule] = owner.get(f"alerts/rules/?mission={mission}")["results"]
        assert (rule["threshold"], rule["clear_at"], rule["state"]) == (30, 10, "OK")

        row.get_by_role("button", name="Test Too many failures").click()
        expect(dialog.get_by_role("status")).to_contain_text("Sent to you")
        told = owner.get("notifications/?type=alert.fired")["results"][0]
        assert told["title"] == "Alert: Too many failures (a test)"
        row.get_by_role("button", name="Too many failures: watched").click()
        expect(row).to_contain_text("off")
        row.get_by_role("button", name="Remove Too many failures").click()
        expect(row).to_be_hidden()

    def test_staff_see_what_the_installation_watches(self, owner: Person, mission: int) -> None:
        dialog = open_alerts(owner, mission)

        dialog.get_by_role("button", name="The installation").click()

        row = dialog.get_by_role("listitem").filter(has_text="disk used")
        expect(row).to_contain_text("Limit: 90 % or more")
        expect(row).to_contain_text("now")  # somebody looks: beat, or the watcher
        owner.shoot("alerts-installation")
        owner.page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(owner.page.locator("[aria-controls=mission-menu]")).to_be_focused()

    def test_in_french_on_a_telephone_in_the_dark(
        self, sit_down: SitDown, owner_state: StorageState, mission: int
    ) -> None:
        reader = sit_down(owner_state, locale="fr-FR", **PHONE)
        dialog = open_alerts(reader, mission)

        dialog.get_by_role("button", name="L’installation").click()
        expect(dialog.get_by_role("listitem").first).to_be_visible()
        reader.shoot("alerts-phone")
        dialog.get_by_role("button", name="Ajouter une règle").click()
        dialog.get_by_role("button", name="Enregistrer la règle").scroll_into_view_if_needed()
        reader.shoot("alerts-phone-form")

        strangers = Strangers()
        assert strangers.among(reader.interface_texts()) == []
        assert reader.page.evaluate("document.documentElement.scrollWidth") <= WIDTH
        width, room = dialog.locator(".content").evaluate(
            "one => [one.scrollWidth, one.clientWidth]"
        )
        assert width <= room
