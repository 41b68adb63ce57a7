"""From the link to a team that follows what a person writes, without a reload."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import SitDown
from tests.browser.person import Person
from tests.installation import Installation

REQUEST = """# A room for the choir

The choir of Harrowfield looks for a room.

The room must seat eighty singers.

It should be reached without a car.
"""
DEMO = "Bulky waste collected at home, by appointment"


class TestSignIn:
    def test_takes_a_link_once_and_says_how_to_get_another(
        self, installation: Installation, owner: Person, sit_down: SitDown
    ) -> None:
        newcomer = sit_down()
        newcomer.forgive("status of 403")
        owner.page.goto(owner.address)
        expect(owner.page).to_have_url(re.compile(r"/editor/\d+#demande\.md$"))

        newcomer.page.goto(installation.link)
        expect(newcomer.page.get_by_role("main")).to_contain_text("no longer works")
        expect(newcomer.page.get_by_role("main")).to_contain_text("make link")
        newcomer.shoot("used-link")
        newcomer.page.goto(installation.manage("link").strip())

        missions = newcomer.page.get_by_role("navigation", name="Missions")
        expect(missions).to_contain_text(DEMO)

    def test_tells_strangers_how_to_come_in(self, sit_down: SitDown) -> None:
        stranger = sit_down()

        stranger.page.goto(f"{stranger.address}/editor/1")

        expect(stranger.page).to_have_url(re.compile("/sign-in"))
        expect(stranger.page.get_by_role("main")).to_contain_text("make link")
        stranger.shoot("sign-in")


class TestTeam:
    def test_writes_while_one_looks_on(self, owner: Person) -> None:
        owner.open(owner.create_mission("A room for the choir", REQUEST), "specifications.md")
        sentence = "The room must seat eighty singers."
        expect(owner.preview("specifications.md").get_by_role("heading").first).to_be_visible()
        expect(owner.preview("specifications.md")).not_to_contain_text(sentence)
        owner.shoot("new-mission-stopped")
        loads = owner.load_count

        owner.page.get_by_role("button", name="Start all").click()

        expect(owner.preview("specifications.md")).to_contain_text(sentence)
        expect(owner.text("specifications.md")).to_contain_text(sentence)
        expect(owner.feed).to_contain_text("The team is at work")
        expect(owner.feed).to_contain_text("Specifications changed specifications.md")
        expect(owner.file("production.md")).to_contain_text("changed by Production")
        expect(owner.activity).to_have_text("Settled")
        owner.shoot("settled")
        owner.choose("production.md")
        expect(owner.preview("production.md")).to_contain_text(sentence)
        expect(owner.file("production.md")).not_to_contain_text("changed by")
        owner.page.get_by_role("button", name="Details of Production").click()
        expect(owner.agent("Production")).to_contain_text("Last change")
        expect(owner.agent("Production")).not_to_contain_text("never")
        assert owner.load_count == loads

    def test_follows_a_change_of_the_request(self, owner: Person) -> None:
        sentence = "The town hall must keep a paper copy of each booking."
        owner.page.goto(owner.address)
        expect(owner.title).to_have_text(DEMO)
        expect(owner.activity).to_have_text("Settled")
        loads = owner.load_count

        with owner.page.expect_response(lambda answer: answer.request.method == "PUT"):
            owner.write_at_end("demande.md", f"\n{sentence}\n")
        expect(owner.save_status).to_have_text("Saved")
        owner.choose("specifications.md")

        expect(owner.preview("specifications.md")).to_contain_text(sentence)
        expect(owner.feed).to_contain_text("edited demande.md")
        expect(owner.feed.get_by_role("listitem").first).to_contain_text("The team has settled")
        expect(owner.activity).to_have_text("Settled")
        owner.choose("production.md")
        expect(owner.preview("production.md")).to_contain_text(sentence)
        owner.shoot("demo-followed")
        assert owner.load_count == loads

    def test_starts_the_demo_over(self, owner: Person) -> None:
        sentence = "The town hall must ring a bell."
        owner.page.goto(owner.address)
        owner.write_at_end("demande.md", f"\n{sentence}\n")
        expect(owner.save_status).to_have_text("Saved")

        owner.page.get_by_role("button", name="Restart the demo").click()
        owner.shoot("restart-demo")
        owner.dialog.get_by_role("button", name="Restart the demo").click()

        expect(owner.preview("demande.md")).not_to_contain_text(sentence)
        expect(owner.preview("demande.md")).to_contain_text("Harrowfield has 54,000 residents")
        expect(owner.activity).to_have_text("Settled")
        owner.choose("specifications.md")
        expect(owner.preview("specifications.md")).to_contain_text("The request holds 36")
