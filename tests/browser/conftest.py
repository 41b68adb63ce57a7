"""A whole installation, a real Chromium, and people in front of it."""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from playwright.sync_api import Browser, StorageState, expect, sync_playwright

from tests.browser.held_model import HeldModel
from tests.browser.person import Person
from tests.installation import ROOT, Installation

SECONDS_TO_START = 90
LOG_LINES = 40  # shown with a failure
PATIENCE = 30_000  # milliseconds; a busy machine is slow, not wrong
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-sync",
    "--disable-component-update",
    "--disable-dev-shm-usage",
]
DESKTOP: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "locale": "en-GB"}
SitDown = Callable[..., Person]


def pytest_itemcollected(item: pytest.Item) -> None:
    """Mark every journey."""
    item.add_marker(pytest.mark.browser)
    item.add_marker(pytest.mark.timeout(180))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what the installation logged before a journey failed."""
    report = yield
    one = getattr(item, "funcargs", {}).get("installation")
    file = one.data_directory / "logs/parallagon.log" if isinstance(one, Installation) else None
    if report.failed and file and file.exists():  # gone with the last test's installation
        log = file.read_text(encoding="utf-8")
        report.sections.append(("Installation", "\n".join(log.splitlines()[-LOG_LINES:])))
    return report


# Not for the whole session: Playwright keeps an event loop running, which other tests need free.
@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("The browser tests need Chromium: install it (apt-get install chromium).")
        pytest.skip("no Chromium on this machine")
    with sync_playwright() as playwright:
        expect.set_options(timeout=PATIENCE)
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def held_model() -> Iterator[HeldModel]:
    model = HeldModel()
    yield model
    model.close()


@pytest.fixture(scope="package")
def installation(chromium: Browser, held_model: HeldModel) -> Iterator[Installation]:
    """Run an installation; afterwards nothing of it is left."""
    if not (ROOT / "frontend/static/frontend/manifest.json").exists():
        pytest.fail("The page is not built: run make prepare-test, or npm run build in frontend/.")
    # Short, because a socket's path is: pytest's own folders can be too deep.
    with tempfile.TemporaryDirectory(prefix="parallagon-", dir="/tmp") as folder:
        one = Installation(
            Path(folder),
            OPENAI_API_BASE=held_model.address,
            PARALLAGON_PRICES="openai/*=0.15/500",
            # All journeys are one person's, on a machine that may be slow for other reasons.
            RATE_LIMITS_LEAST_PERCENT="100",
        )
        try:
            one.wait_until_ready(within=SECONDS_TO_START)
            yield one
            processes = one.processes()
            assert one.stop() == 0
            assert psutil.wait_procs(processes, timeout=5)[1] == []
        finally:
            one.close()


@pytest.fixture(scope="package")
def shots() -> Path | None:
    """The folder for pictures, where ``PARALLAGON_SHOTS`` names one."""
    name = os.environ.get("PARALLAGON_SHOTS")
    if name:
        Path(name).mkdir(parents=True, exist_ok=True)
    return Path(name) if name else None


@pytest.fixture(scope="package")
def owner_state(chromium: Browser, installation: Installation) -> StorageState:
    """Sign in the first account by the link of the start, once for all journeys."""
    context = chromium.new_context(**DESKTOP)
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    page.goto(installation.link)
    page.get_by_role("banner").get_by_role("heading").wait_for()
    state = context.storage_state()
    context.close()
    return state


@pytest.fixture
def sit_down(
    chromium: Browser, installation: Installation, shots: Path | None
) -> Iterator[SitDown]:
    """Give browsers to people; in the end nobody may have had reason to complain."""
    people: list[Person] = []

    def sit_down(state: StorageState | None = None, **screen: Any) -> Person:
        context = chromium.new_context(storage_state=state, **{**DESKTOP, **screen})
        context.set_default_timeout(PATIENCE)
        people.append(Person(context, installation.address, shots=shots))
        return people[-1]

    yield sit_down
    for person in people:
        person.context.close()
    assert [complaint for person in people for complaint in person.complaints] == []


@pytest.fixture
def owner(sit_down: SitDown, owner_state: StorageState) -> Person:
    return sit_down(owner_state)
