"""No page needs what the content security policy refuses, and no text gets around it."""

import pytest
from playwright.sync_api import expect

from tests.browser.person import Person
from tests.xss import CORPUS

# A refused script or style is an error in the console, of which every person complains at the end.
PAGES = (
    "/signed-out",
    "/admin/",
    "/admin/missions/mission/",
    "/admin/missions/mission/1/change/",
    "/admin/agents/agent/",
    "/api/v1/docs/",
)


class TestPolicy:
    @pytest.mark.parametrize("path", PAGES)
    def test_refuses_nothing_that_a_page_needs(self, owner: Person, path: str) -> None:
        owner.page.goto(f"{owner.address}{path}")
        owner.page.wait_for_load_state("networkidle")

        expect(owner.page.locator("body")).to_be_visible()

    def test_lets_people_try_the_api(self, owner: Person) -> None:
        owner.page.goto(f"{owner.address}/api/v1/docs/")

        expect(owner.page.get_by_text("/api/v1/missions/", exact=True).first).to_be_visible()
        owner.shoot("api-docs")


class TestHostileTexts:
    def test_run_nothing_and_fetch_nothing(self, owner: Person) -> None:
        """Whatever runs a script opens a dialog or asks elsewhere; whoever sees it complains."""
        owner.page.on("dialog", lambda dialog: owner.complain(f"dialog: {dialog.message}"))
        owner.forgive("is not a valid")  # what a browser says of an odd number in an attribute
        corpus = "\n\n".join(CORPUS)
        owner.open(
            owner.create_mission("Hostile", f"# Texts\n\n{corpus}\n\nThe end.\n"), "demande.md"
        )

        preview = owner.page.locator(".MarkdownPreview")
        expect(preview).to_contain_text("The end.")
        for tag in ("script", "img", "svg", "iframe", "object", "embed", "style", "form", "video"):
            expect(preview.locator(tag)).to_have_count(0)
        expect(preview.locator("a[href^='javascript' i]")).to_have_count(0)
