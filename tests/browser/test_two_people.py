"""Two people in one file: both texts stay, and neither loses the cursor."""

from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import SitDown
from tests.browser.person import Person
from tests.installation import Installation

REQUEST = """# A room for the choir

The choir looks for a room.

The room must seat eighty singers.

The room must be warm in winter.

It should be reached without a car.
"""
RESULT = """# A room for the choir

The choir looks for a room. It sings on Mondays. And on Fridays.

The room must seat eighty singers. And an organ.
The room must seat eighty singers. And a piano.

The room must be warm in winter.

It should be reached without a car. By tram, at best. Or by bus.
"""
LET_IN = """
from missions.models import Membership, Mission
from parallagon.accounts.models import User
Membership.objects.create(
    mission=Mission.objects.get(pk={mission}), user=User.objects.get(username="{name}"),
    role=Membership.Role.EDITOR,
)
"""
Invite = Callable[[str, int], Person]


@pytest.fixture
def invite(installation: Installation, sit_down: SitDown) -> Invite:
    """Give someone an account, let them into a mission and sign them in."""

    def invite(name: str, mission: int) -> Person:
        link = installation.manage("account", "create", name).split()[-1]
        installation.manage("shell", "-v", "0", "-c", LET_IN.format(mission=mission, name=name))
        person = sit_down()
        person.page.goto(link)
        return person

    return invite


class TestTwoPeople:
    def test_keep_every_sentence(self, owner: Person, invite: Invite) -> None:
        mission = owner.create_mission("Two at one table", REQUEST)
        guest = invite("grace", mission)
        owner.open(mission, "demande.md")
        guest.open(mission, "demande.md")

        self._write_apart(owner, guest)
        self._write_at_one_place(owner, guest)

        assert owner.saved_text(mission, "demande.md") == RESULT

    def _write_apart(self, owner: Person, guest: Person) -> None:
        """One passage each: the server puts both together, the cursors stay."""
        held = owner.hold_saves()
        owner.write_after("demande.md", "reached without a car", " By tram, at best.")
        expect(owner.save_status).to_have_text("Saving")
        guest.write_after("demande.md", "looks for a room", " It sings on Mondays.")
        expect(guest.save_status).to_have_text("Saved")

        held.let_go()

        expect(owner.save_status).to_have_text("Saved and merged")
        expect(owner.text("demande.md")).to_contain_text("It sings on Mondays.")
        expect(guest.text("demande.md")).to_contain_text("By tram, at best.")
        owner.shoot("merged")
        owner.page.keyboard.insert_text(" Or by bus.")
        guest.page.keyboard.insert_text(" And on Fridays.")
        for person in (owner, guest):
            text = person.preview("demande.md")
            expect(text).to_contain_text("without a car. By tram, at best. Or by bus.")
            expect(text).to_contain_text("for a room. It sings on Mondays. And on Fridays.")

    def _write_at_one_place(self, owner: Person, guest: Person) -> None:
        """The same passage: whoever comes second is shown both and chooses."""
        owner.forgive("status of 409")
        held = owner.hold_saves()
        owner.write_after("demande.md", "eighty singers", " And a piano.")
        expect(owner.save_status).to_have_text("Saving")
        guest.write_after("demande.md", "eighty singers", " And an organ.")
        expect(guest.save_status).to_have_text("Saved")

        held.let_go()

        expect(owner.save_status).to_have_text("Conflict")
        conflict = owner.page.get_by_role("region", name="You and grace changed the same passage")
        expect(conflict).to_contain_text("eighty singers. And a piano.")
        expect(conflict).to_contain_text("eighty singers. And an organ.")
        save = conflict.get_by_role("button", name="Save the result")
        expect(save).to_be_disabled()
        owner.shoot("conflict")
        conflict.get_by_role("button", name="Keep both").click()
        owner.shoot("conflict-decided")
        save.click()

        for person in (owner, guest):
            text = person.preview("demande.md")
            expect(text).to_contain_text("eighty singers. And a piano.")
            expect(text).to_contain_text("eighty singers. And an organ.")
