"""The interface in French, on a desk and on a telephone: nothing of it stays English."""

import re
from typing import Any

import pytest
from playwright.sync_api import StorageState, expect

from tests.browser.catalogues import Strangers
from tests.browser.conftest import SitDown
from tests.browser.person import Person
from tests.installation import Installation

REQUEST = """# Une cloche

La cloche doit sonner à midi.

Il faut une corde neuve.
"""
WIDTH = 390  # pixels
PHONE: dict[str, Any] = {
    "viewport": {"width": WIDTH, "height": 844},
    "is_mobile": True,
    "has_touch": True,
}


@pytest.fixture(scope="module")
def strangers() -> Strangers:
    return Strangers()


class TestFrench:
    def test_is_chosen_in_the_account_menu(self, owner: Person, strangers: Strangers) -> None:
        owner.open(owner.create_mission("Une cloche", REQUEST, language="fr"), "demande.md")
        assert strangers.among(owner.interface_texts()) != []

        owner.page.get_by_role("button", name="Account and settings").click()
        owner.shoot("account")
        with owner.page.expect_response("**/language"):
            owner.page.get_by_role("button", name="Français").click()

        expect(owner.page.locator("html")).to_have_attribute("lang", "fr")
        expect(owner.activity).to_have_text("Arrêtée")
        assert strangers.among(owner.interface_texts()) == []
        owner.page.reload()
        expect(owner.activity).to_have_text("Arrêtée")

    def test_speaks_in_every_view(
        self, sit_down: SitDown, owner_state: StorageState, strangers: Strangers
    ) -> None:
        reader = sit_down(owner_state, locale="fr-FR")
        mission = reader.create_mission("Une cloche", REQUEST, language="fr", start=True)
        page = reader.page

        def assert_french(name: str) -> None:
            reader.shoot(f"french-{name}")
            assert (name, strangers.among(reader.interface_texts())) == (name, [])

        page.goto(f"{reader.address}/editor/{mission}#specifications.md")
        expect(reader.activity).to_have_text("Au repos")
        assert_french("desk")
        page.get_by_role("button", name="Détails de Production").click()
        expect(page.get_by_text("Dernier passage")).to_be_visible()
        assert_french("agent")
        page.get_by_role("button", name="Historique").click()
        page.get_by_role("complementary", name="Historique").get_by_role("button").nth(1).click()
        expect(page.get_by_role("region", name=re.compile("Révision"))).to_contain_text("Exigences")
        assert_french("history")
        page.get_by_role("button", name="Nouveau fichier").click()
        expect(page.get_by_role("dialog", name="Nouveau fichier")).to_be_visible()
        assert_french("new-file")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Nouvelle mission").click()
        page.get_by_role("dialog").get_by_role("button", name="Créer la mission").click()
        expect(page.get_by_role("dialog")).to_contain_text("Donnez un titre à la mission.")
        assert_french("new-mission")
        page.keyboard.press("Escape")
        page.get_by_role("button", name=re.compile("Spécifications a modifié")).first.click()
        expect(page.get_by_role("dialog").get_by_role("article")).to_be_visible()
        assert_french("run")
        page.get_by_role("dialog").get_by_role("button", name="Journal").click()
        expect(page.get_by_role("dialog")).to_contain_text("Applied edit")
        assert_french("run-log")

    def test_greets_strangers(
        self, sit_down: SitDown, installation: Installation, strangers: Strangers
    ) -> None:
        stranger = sit_down(locale="fr-FR")
        stranger.forgive("status of 403")

        stranger.page.goto(installation.address)
        expect(stranger.page.get_by_role("main")).to_contain_text("make link")
        assert strangers.among(stranger.interface_texts()) == []
        stranger.page.goto(f"{installation.address}/login/?sesame=none")
        expect(stranger.page.get_by_role("main")).to_contain_text("make link")
        assert strangers.among(stranger.interface_texts()) == []


class TestTelephone:
    def test_reaches_everything(
        self, sit_down: SitDown, owner_state: StorageState, strangers: Strangers
    ) -> None:
        walker = sit_down(owner_state, locale="fr-FR", **PHONE)
        mission = walker.create_mission("Une cloche pour le village", REQUEST, language="fr")
        page = walker.page
        views = page.get_by_role("navigation", name="Vues")

        def assert_fits(name: str) -> None:
            walker.shoot(f"phone-{name}")
            width = page.evaluate("document.scrollingElement.scrollWidth")
            assert (name, width) == (name, WIDTH)
            assert (name, strangers.among(walker.interface_texts())) == (name, [])

        page.goto(f"{walker.address}/editor/{mission}")
        expect(page.get_by_role("region", name="Document")).to_contain_text("demande.md")
        assert_fits("document")
        page.get_by_role("button", name="Tout démarrer").tap()
        views.get_by_role("button", name="Équipe").tap()
        expect(page.get_by_role("region", name="Équipe")).to_contain_text("Pilotage")
        assert_fits("team")
        views.get_by_role("button", name="Fil").tap()
        feed = page.get_by_role("region", name="Fil en direct")
        expect(feed).to_contain_text("Spécifications a modifié specifications.md")
        expect(feed).to_contain_text("L’équipe est au repos")
        assert_fits("feed")
        feed.get_by_role("button", name=re.compile("Spécifications a modifié")).first.tap()
        expect(page.get_by_role("dialog").get_by_role("article")).to_be_visible()
        assert_fits("run")
        page.get_by_role("dialog").get_by_role("button", name="Fermer").tap()
        views.get_by_role("button", name="Fichiers").tap()
        assert_fits("files")
        page.get_by_role("button", name=re.compile(r"^specifications\.md")).tap()
        page.get_by_role("button", name="Lire").tap()
        expect(page.get_by_role("main")).to_contain_text("La cloche doit sonner à midi.")
        assert_fits("reading")
        page.get_by_role("button", name="Ouvrir le menu").tap()
        expect(page.get_by_role("dialog")).to_contain_text("Une cloche pour le village")
        assert_fits("menu")
        page.get_by_role("dialog").get_by_role("button", name="Nouvelle mission").tap()
        expect(page.get_by_role("dialog").get_by_label("Titre")).to_be_visible()
        assert_fits("new-mission")
