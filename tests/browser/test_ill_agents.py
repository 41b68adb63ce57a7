"""How agents and their models are, and what a person can do about it, seen in the team's panel."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import SitDown
from tests.browser.held_model import DOWN, LOCKED
from tests.browser.person import Person

REQUEST = "# A bell\n\nThe bell must ring at noon.\n"


def details(person: Person, name: str) -> Locator:
    row = person.agent(name)
    row.get_by_role("button", name=f"Details of {name}").click()
    return row


class TestRefusedKey:
    def test_is_seen_with_what_to_do_and_tried_again(self, owner: Person) -> None:
        mission = owner.create_mission("A bell", REQUEST, model=f"openai/{LOCKED}")
        owner.open(mission, "demande.md")

        owner.run_agent("Specifications")

        row = owner.agent("Specifications")
        owner.feed.get_by_text("Specifications: run failed").first.wait_for()
        owner.agent("Specifications").get_by_role("button", name="Start Specifications").click()
        expect(row).to_contain_text("Failing")
        expect(row).to_contain_text("The provider refused the key.")
        details(owner, "Specifications")
        expect(row.get_by_role("note")).to_contain_text("Set OPENAI_API_KEY to a valid key")
        owner.shoot("health-refused")

        failed = owner.feed.get_by_text("Specifications: run failed")
        before = failed.count()
        row.get_by_role("button", name="Try now").click()
        expect(failed).to_have_count(before + 1)
        row.get_by_text("The last seven days").click()
        expect(row.get_by_text("Failures", exact=True)).to_be_visible()
        owner.shoot("health-stability")


class TestModelLeftAlone:
    def test_is_named_and_asked_at_once_when_a_person_says_so(
        self, owner: Person, sit_down: SitDown
    ) -> None:
        mission = owner.create_mission("A horn", REQUEST, model=f"openai/{DOWN}", start=True)
        owner.open(mission, "demande.md")

        alone = owner.page.get_by_role("list", name="Models left alone for now")

        expect(alone).to_contain_text(f"openai/{DOWN} is left alone for now.")
        expect(alone).to_contain_text("Specifications")
        owner.shoot("health-breaker")
        opened = owner.get("breakers/")["results"][0]["retry_at"]
        alone.get_by_role("button", name="Try now").click()
        owner.page.wait_for_function(
            """async opened => {
              const answer = await fetch("/api/v1/breakers/");
              return (await answer.json()).results[0].retry_at > opened;
            }""",
            arg=opened,
        )
        owner.post(f"missions/{mission}/stop", {})
        expect(alone).to_be_hidden()


class TestSettings:
    @pytest.fixture
    def mission(self, owner: Person) -> int:
        mission = owner.create_mission("A whistle", REQUEST)
        owner.open(mission, "demande.md")
        return mission

    def test_of_files_show_at_once_what_they_match(self, owner: Person, mission: int) -> None:
        row = details(owner, "Follow-up")
        row.get_by_role("button", name="Settings…").click()
        dialog = owner.page.get_by_role("dialog", name="Settings of Follow-up")

        reads = dialog.get_by_label("Reads, without being woken")
        reads.fill("eval*.md")
        expect(dialog).to_contain_text("Now: evaluation.md")
        reads.fill("nothing/**")
        expect(dialog).to_contain_text("No file matches yet.")
        reads.fill("eval*.md")
        dialog.get_by_label("Seconds, at the soonest").fill("45")
        dialog.get_by_label("Calls a day").fill("7")
        owner.shoot("health-settings")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_be_hidden()

        agents = owner.get(f"agents/?mission={mission}")["results"]
        (agent,) = (one for one in agents if one["role"] == "suivi")
        config = owner.get(f"agents/{agent['id']}/config")
        assert (config["reads"], config["shortest"]) == (["eval*.md"], 45)
        assert owner.get(f"agents/{agent['id']}/budget")["caps"]["day_calls"] == 7

    def test_that_would_let_two_write_one_file_are_refused(
        self, owner: Person, mission: int
    ) -> None:
        owner.forgive("409")  # which the browser says, too
        details(owner, "Follow-up").get_by_role("button", name="Settings…").click()
        dialog = owner.page.get_by_role("dialog", name="Settings of Follow-up")

        dialog.get_by_label("Writes").fill("production.md")
        dialog.get_by_role("button", name="Save").click()

        expect(dialog.get_by_role("alert")).to_contain_text("could write one file")
