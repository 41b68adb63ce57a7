"""Everything that a person may see is found from the keyboard, and opens where it was found."""

import re

from playwright.sync_api import expect

from tests.browser.person import Person

REQUEST = "# A greenhouse\n\nIt must be warm.\n"
FOUND = (
    "q => fetch(`/api/v1/search?q=${q}`).then(a => a.json()).then(page => page.results.length > 0)"
)


class TestSearching:
    def test_a_line_of_another_mission_is_opened_from_the_keyboard(self, owner: Person) -> None:
        other = owner.create_mission("The greenhouse", REQUEST)
        owner.open(other, "suivi.md")
        owner.write_at_end("suivi.md", "\n" * 60 + "Water the axolotl weekly.\n\nThe end.\n")
        expect(owner.save_status).to_have_text(re.compile("^Saved"))
        here = owner.create_mission("The orchard", REQUEST)
        owner.open(here, "production.md")
        owner.page.wait_for_function(FOUND, arg="axolotl")  # within a few seconds

        owner.page.keyboard.press("Control+k")
        dialog = owner.page.get_by_role("dialog", name="Search")
        expect(dialog).to_contain_text("Search everything that you may see")
        expect(dialog.get_by_role("combobox")).to_be_focused()
        owner.page.keyboard.type("weekly axo")

        result = dialog.get_by_role("option")
        expect(result).to_have_count(1)
        expect(result.locator("mark")).to_have_text(["axo", "weekly"])
        self._shoot_all(owner, "search")
        owner.page.keyboard.press("Enter")

        expect(dialog).to_have_count(0)
        expect(owner.page).to_have_url(re.compile(rf"/editor/{other}#suivi\.md$"))
        line = owner.page.locator(".cm-line", has_text="Water the axolotl weekly.")
        expect(line).to_be_in_viewport()
        owner.shoot("search-opened")

    def test_nothing_found_and_no_answer_are_told_apart(self, owner: Person) -> None:
        mission = owner.create_mission("An empty house", REQUEST)
        owner.open(mission, "production.md")
        owner.page.get_by_role("banner").get_by_role("button", name="Search").click()
        dialog = owner.page.get_by_role("dialog", name="Search")

        expect(dialog.get_by_role("combobox")).to_be_focused()
        owner.page.keyboard.type("xyzzy -<script>")
        expect(dialog).to_contain_text("Nothing found")
        owner.shoot("search-nothing")

        owner.forgive("Failed to load resource", "503")
        owner.page.route("**/api/v1/search*", lambda route: route.fulfill(status=503))
        owner.page.keyboard.type("y")
        expect(dialog).to_contain_text("The search did not work")
        owner.page.unroute("**/api/v1/search*")
        dialog.get_by_role("button", name="Try again").click()
        expect(dialog).to_contain_text("Nothing found")

        owner.page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)

    @staticmethod
    def _shoot_all(person: Person, name: str) -> None:
        """Keep pictures in the light, in the dark and on a phone."""
        person.shoot(name)
        person.page.emulate_media(color_scheme="dark")
        person.shoot(f"{name}-dark")
        person.page.emulate_media(color_scheme="light")
        size = person.page.viewport_size
        person.page.set_viewport_size({"width": 390, "height": 844})
        person.shoot(f"{name}-phone")
        if size:
            person.page.set_viewport_size(size)
