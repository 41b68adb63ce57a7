"""The server goes away and comes back: the page says so, goes on by itself and misses nothing."""

import os
import signal

from playwright.sync_api import expect

from tests.browser.held_model import BEGINNING, HeldModel
from tests.browser.person import Person
from tests.installation import Installation

REQUEST = "# A bell\n\nThe bell must ring at noon.\n"
REPLY = """A first requirement:

specifications.md
```
<<<<<<< SEARCH
# Specifications
=======
# Specifications

It rang while nobody could hear it.
>>>>>>> REPLACE
```
"""


class TestLostServer:
    def test_costs_no_event_and_no_text(
        self, owner: Person, held_model: HeldModel, installation: Installation
    ) -> None:
        mission = owner.create_mission("A bell", REQUEST, model="openai/patient")
        owner.open(mission, "demande.md")
        owner.run_agent("Specifications")
        expect(owner.agent("Specifications")).to_contain_text(BEGINNING.strip())
        owner.forgive("ERR_CONNECTION_REFUSED", "ERR_CONNECTION_RESET", "WebSocket connection to")
        loads = owner.load_count

        os.killpg(installation.find("parallagon.server").pid, signal.SIGKILL)
        expect(owner.connection).to_have_text("Reconnecting")
        held_model.go_on(REPLY)
        owner.write_at_end("demande.md", "\nThe rope must be new.\n")
        owner.page.keyboard.press("Control+s")
        expect(owner.save_status).to_have_text("Trying again")
        owner.shoot("reconnecting")

        expect(owner.connection).to_have_text("Live")
        expect(owner.save_status).to_have_text("Saved")
        expect(owner.feed).to_contain_text("Specifications changed specifications.md")
        expect(owner.feed).to_contain_text("edited demande.md")
        expect(owner.agent("Specifications")).to_contain_text("Stopped")
        assert owner.load_count == loads
        assert "The rope must be new." in owner.saved_text(mission, "demande.md")
        owner.choose("specifications.md")
        expect(owner.preview("specifications.md")).to_contain_text("It rang while nobody")
        seen = owner.feed_lines()
        owner.page.reload()
        expect(owner.connection).to_have_text("Live")
        assert owner.feed_lines() == seen
