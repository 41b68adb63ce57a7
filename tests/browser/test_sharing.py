"""An owner shares a mission by a link; what a role allows holds at once."""

from playwright.sync_api import expect

from tests.browser.conftest import SitDown
from tests.browser.person import Person
from tests.browser.test_archiving import choose
from tests.installation import Installation

READ_ONLY = "You can read this mission but not change it."


def open_members(person: Person) -> None:
    choose(person, "Members…")
    expect(person.dialog.get_by_role("list", name="Members", exact=True)).to_be_visible()


def make_link(owner: Person) -> str:
    owner.dialog.get_by_label("As", exact=True).select_option("Viewer")
    owner.dialog.get_by_role("button", name="Make a link").click()
    return owner.dialog.get_by_label("Works once, until").input_value()


class TestMembers:
    def test_one_joins_by_a_link_as_a_viewer_and_becomes_an_editor(
        self, owner: Person, sit_down: SitDown, installation: Installation
    ) -> None:
        mission = owner.create_mission("Shared by a link", "It must be shared.")
        sign_in = installation.manage("account", "create", "mary").split()[-1]
        owner.open(mission, "demande.md")
        open_members(owner)
        link = make_link(owner)
        owner.shoot("members-link")

        guest = sit_down(color_scheme="dark")
        guest.page.goto(sign_in)
        guest.page.goto(link)
        guest.page.get_by_role("button", name="Join the mission").click()
        expect(guest.title).to_have_text("Shared by a link")
        guest.open(mission, "demande.md")
        expect(guest.page.get_by_text(READ_ONLY)).to_be_visible()
        open_members(guest)
        expect(guest.dialog.get_by_role("combobox")).to_have_count(0)
        expect(guest.dialog.get_by_text("Invite someone")).to_have_count(0)
        guest.page.set_viewport_size({"width": 390, "height": 844})
        guest.shoot("members-viewer-phone-dark")
        guest.page.set_viewport_size({"width": 1440, "height": 900})
        guest.page.keyboard.press("Escape")

        role = owner.dialog.get_by_label("Role of mary")
        expect(role).to_have_value("viewer")
        expect(owner.dialog.get_by_text("Open invitations")).to_have_count(0)
        role.select_option("Editor")

        expect(owner.dialog.get_by_text("mary is now: Editor.")).to_be_visible()
        expect(guest.page.get_by_text(READ_ONLY)).to_have_count(0)
        owner.shoot("members-owner")
        guest.write_at_end("demande.md", " And it is.")
        expect(guest.save_status).to_have_text("Saved")

        open_members(guest)
        guest.forgive("/members/")  # It may be asked for once more while the member leaves.
        guest.dialog.get_by_role("button", name="Leave").click()
        guest.dialog.get_by_role("button", name="Leave").click()
        expect(guest.title).to_have_count(0)
        expect(owner.dialog.get_by_label("Role of mary")).to_have_count(0)

    def test_an_invitation_is_withdrawn(self, owner: Person) -> None:
        mission = owner.create_mission("Shared with nobody", "It must stay private.")
        owner.open(mission, "demande.md")
        open_members(owner)
        expect(owner.dialog.get_by_role("button", name="Leave")).to_have_count(0)
        link = make_link(owner)

        invitations = owner.dialog.get_by_role("list", name="Open invitations")
        expect(invitations.get_by_text("Whoever has the link")).to_be_visible()
        owner.page.set_viewport_size({"width": 390, "height": 844})
        owner.shoot("members-phone")
        invitations.get_by_role("button", name="Withdraw").click()

        expect(invitations).to_have_count(0)
        owner.forgive("status of 410")
        owner.page.goto(link)
        owner.page.get_by_role("button", name="Join the mission").click()
        expect(owner.page.get_by_role("alert")).to_contain_text("no longer good")
