"""Someone in front of the editor page, and everything that goes wrong there."""

import re
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    Route,
    expect,
)

SERVER_ERROR = 500
# Every text of the interface, seen or spoken; not what people and agents write.
INTERFACE_TEXTS = """() => {
  const documents = ".cm-content, .MarkdownPreview, .DiffView, pre, code";
  const written = `${documents}, script, style, body [lang=en]`;
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!element.closest(written) && element.checkVisibility()) texts.push(walker.currentNode.data);
  }
  for (const element of document.querySelectorAll("[aria-label], [title], [placeholder]")) {
    if (element.closest(written) || !element.checkVisibility()) continue;
    for (const name of ["aria-label", "title", "placeholder"]) {
      if (element.hasAttribute(name)) texts.push(element.getAttribute(name));
    }
  }
  return texts;
}"""


class Person:
    """One browser of its own: a page, words for what is on it, and complaints about it.

    A complaint is an error in the console or the script, an answer of 500 or more, or a request
    to anything but the installation. A test names beforehand what it provokes (``forgive``).
    """

    def __init__(self, context: BrowserContext, address: str, *, shots: Path | None) -> None:
        self.context = context
        self.address = address
        self.complaints: list[str] = []
        self.load_count = 0
        self._shots = shots
        self._forgiven: list[str] = []
        self.page: Page = context.new_page()
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complain(f"script: {error}"))
        self.page.on("request", self._follow)
        self.page.on("response", self._read)
        self.page.on("load", self._count)

    # -- what goes wrong -----------------------------------------------------------------------
    def forgive(self, *parts: str) -> None:
        """Take what contains one of ``parts`` for expected from now on."""
        self._forgiven += parts

    def complain(self, complaint: str) -> None:
        if not any(part in complaint for part in self._forgiven):
            self.complaints.append(complaint)

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self.complain(f"console {message.type}: {message.text} {where}")

    def _follow(self, request: Request) -> None:
        if not request.url.startswith((self.address, "data:", "blob:")):
            self.complain(f"request to {request.url}")

    def _read(self, response: Response) -> None:
        if response.status >= SERVER_ERROR:
            self.complain(f"{response.status} from {response.url}")

    def _count(self, _page: Page) -> None:
        self.load_count += 1

    # -- going somewhere -----------------------------------------------------------------------
    def open(self, mission: int, path: str) -> None:
        """Open a file of a mission and wait until it is there and live."""
        self.page.goto(f"{self.address}/editor/{mission}#{path}")
        expect(self.document.get_by_role("heading", name=path, exact=True)).to_be_visible()
        expect(self.connection).to_have_text("Live")

    def choose(self, path: str) -> None:
        """Open another file from the tree."""
        self.file(path).click()
        expect(self.document.get_by_role("heading", name=path, exact=True)).to_be_visible()

    def shoot(self, name: str) -> None:
        """Keep a picture of the page, where pictures are wanted."""
        if self._shots:
            self.page.screenshot(path=self._shots / f"{name}.png", animations="disabled")

    # -- what is on the page -------------------------------------------------------------------
    @property
    def title(self) -> Locator:
        """The mission's title."""
        return self.page.get_by_role("banner").get_by_role("heading", level=1)

    @property
    def activity(self) -> Locator:
        """The mission's activity in one word."""
        return self.page.get_by_role("banner").locator(".activity")

    @property
    def connection(self) -> Locator:
        """How the page hears of changes, as it is spoken."""
        return self.page.get_by_role("banner").get_by_role("status")

    @property
    def document(self) -> Locator:
        return self.page.get_by_role("region", name="Document", exact=True)

    @property
    def save_status(self) -> Locator:
        return self.document.locator(".SaveStatus")

    @property
    def feed(self) -> Locator:
        return self.page.get_by_role("region", name="Live feed")

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def file(self, path: str) -> Locator:
        """A file in the tree, with its mark."""
        name = path.rpartition("/")[2]
        files = self.page.get_by_role("navigation", name="Files")
        return files.get_by_role("button", name=re.compile(rf"^{re.escape(name)}"))

    def text(self, path: str) -> Locator:
        """The text of a file where it is written."""
        return self.page.get_by_role("textbox", name=f"Text of {path}")

    def preview(self, path: str) -> Locator:
        """The text of a file as it reads."""
        return self.page.get_by_role("region", name=f"Preview of {path}")

    def agent(self, name: str) -> Locator:
        """An agent's row in the team."""
        team = self.page.get_by_role("region", name="Team")
        return team.get_by_role("listitem").filter(has=self.page.get_by_text(name, exact=True))

    def feed_lines(self) -> list[str]:
        """What the feed says, newest first, without times."""
        words = self.feed.locator(".words").all_inner_texts()
        return [" ".join(text.split()) for text in words]

    def run_agent(self, name: str) -> None:
        """Ask an agent for a run; its buttons show when one points at it."""
        self.agent(name).hover()
        self.agent(name).get_by_role("button", name=f"Run {name} now").click()

    def interface_texts(self) -> list[str]:
        """Every label, sentence and hint of the page that is not someone's document."""
        return [text for text in self.page.evaluate(INTERFACE_TEXTS) if text.strip()]

    # -- writing -------------------------------------------------------------------------------
    def write_at_end(self, path: str, text: str) -> None:
        """Put the cursor at the end of the open file and write."""
        self.text(path).focus()
        self.page.keyboard.press("Control+End")
        self.page.keyboard.insert_text(text)

    def write_after(self, path: str, words: str, text: str) -> None:
        """Put the cursor at the end of the line that holds ``words`` and write."""
        self.text(path).get_by_text(words).click()
        self.page.keyboard.press("End")
        self.page.keyboard.insert_text(text)

    def hold_saves(self) -> "HeldSaves":
        """Keep what this page saves from the server until it is let go."""
        return HeldSaves(self.page)

    # -- the API, for what is not the journey itself -------------------------------------------
    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the API to write."""
        return self._send("POST", path, body)

    def patch(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Ask the API to change what is named."""
        return self._send("PATCH", path, body)

    def _send(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        cookies = {cookie["name"]: cookie["value"] for cookie in self.context.cookies()}
        token = next(cookies[name] for name in cookies if "csrf" in name)
        answer = self.page.request.fetch(
            f"{self.address}/api/v1/{path}",
            method=method,
            data=body,
            headers={"X-CSRFToken": token},
        )
        assert answer.ok, answer.text()
        return dict(answer.json())

    def get(self, path: str) -> dict[str, Any]:
        """Ask the API to read."""
        answer = self.page.request.get(f"{self.address}/api/v1/{path}")
        assert answer.ok, answer.text()
        return dict(answer.json())

    def create_mission(self, title: str, request: str, **more: object) -> int:
        """Make a mission whose agents are stopped."""
        body = {"title": title, "request": request, "language": "en", "start": False, **more}
        return int(self.post("missions/", body)["id"])

    def saved_text(self, mission: int, path: str) -> str:
        """Return a file's text as the server has it."""
        return str(self.get(f"missions/{mission}/files/{path}")["text"])


class HeldSaves:
    """Saves of one page that wait at the door."""

    def __init__(self, page: Page) -> None:
        self._held: list[Route] = []
        self._is_open = False
        page.route("**/api/v1/missions/*/files/**", self._receive)

    def _receive(self, route: Route) -> None:
        if self._is_open or route.request.method != "PUT":
            route.continue_()
        else:
            self._held.append(route)

    def let_go(self) -> None:
        """Let them through, and what comes later too."""
        self._is_open = True
        for route in self._held:
            route.continue_()
