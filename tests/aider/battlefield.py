"""Carry an attack out through the real engine, and say what harm it did outside."""

import hashlib
import json
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agents.aider.engine import Engine, EngineRequest, EngineResult, Limits
from tests.aider import workbench
from tests.aider.aider_model import ScriptedModel
from tests.aider.aider_runs import TOKEN, children_of
from tests.aider.attacks import CANARY, Attack, Ground

WALL_SECONDS = 30.0
HANGS_SECONDS = 1.5  # where a run without its layers is known to hang


class Elsewhere(ThreadingHTTPServer):
    """A server that is no business of any run: it notes who came."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Noting)
        self.visits: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Noting(BaseHTTPRequestHandler):
    server: Elsewhere

    def do_GET(self) -> None:
        self.server.visits.append(self.path)
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.end_headers()
        self.wfile.write(b"a page\n")

    def do_POST(self) -> None:
        self.do_GET()

    def do_CONNECT(self) -> None:
        self.do_GET()

    def log_message(self, *_args: Any) -> None:
        """Write no log."""


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@dataclass
class Battlefield:
    """An engine, a model, a server of others and a folder; each attack gets a ground of its own."""

    engine: Engine
    model: ScriptedModel
    elsewhere: Elsewhere
    folder: Path
    count: int = 0

    def harm(
        self,
        attack: Attack,
        *,
        sandbox: str = "auto",
        without: tuple[str, ...] = (),
        seconds: float = WALL_SECONDS,
    ) -> str:
        """Carry `attack` out, without the layers named, and say what it did; "" for nothing."""
        ground = self._prepare(attack)
        self._script(attack, ground)
        before = {folder: facts_of(folder) for folder in (ground.outside, ground.staging)}
        result = self._run(attack, ground, sandbox=sandbox, without=without, seconds=seconds)
        done = [
            *changes(before[ground.outside], facts_of(ground.outside), allowed=()),
            *changes(
                before[ground.staging],
                facts_of(ground.staging),
                allowed=(*attack.editable, "production"),
            ),
            *changes({}, facts_of(ground.staging.parent), allowed=KNOWN, below=False),
            *(f"the page {path} was asked for" for path in self.elsewhere.visits),
        ]
        if any(ground.home.glob("empty/*")):
            done.append("something was left where the run stood")
        if CANARY in json.dumps(self.model.calls):
            done.append("a secret was in a prompt")
        if result.status in {"timed_out", "crashed"}:
            done.append(f"the run ended as {result.status}: {result.reason}")
        if len(children_of(self.engine.health().pid or 0)) > 1:
            done.append("a process is left")
        return "; ".join(done)

    def _prepare(self, attack: Attack) -> Ground:
        self.count += 1
        base = self.folder / f"attack-{self.count}"
        ground = Ground(base / "run" / "staging", base / "run" / "home", base / "outside")
        for folder in (ground.staging, ground.home, ground.outside):
            folder.mkdir(parents=True)
        (ground.outside / "secret.md").write_text(f"{CANARY}\nsecond line\n")
        (ground.outside / "commands").write_text(f"/run touch {ground.outside}/marker\n")
        (ground.outside / ".gitconfig").write_text(
            f'[core]\n\tfsmonitor = "touch {ground.outside}/marker; false"\n'
        )
        files = {"plan.md": "one\n", "other.md": "other\nsecond line\n"}
        for path, text in {**files, "read.md": "read\nsecond line\n", **attack.files}.items():
            (ground.staging / path).parent.mkdir(parents=True, exist_ok=True)
            (ground.staging / path).write_text(self._fill(text, ground))
        attack.plant(ground)
        for folder in (ground.staging, ground.home, ground.staging.parent):
            for hidden in folder.glob(".*"):
                if hidden.is_file():
                    hidden.write_text(self._fill(hidden.read_text(), ground))
        return ground

    def _fill(self, text: str, ground: Ground) -> str:
        text = text.replace("{outside}", str(ground.outside)).replace("{url}", self.elsewhere.url)
        return text.replace("{{", "{").replace("}}", "}")

    def _script(self, attack: Attack, ground: Ground) -> None:
        self.model.calls.clear()
        self.model.replies.clear()
        self.elsewhere.visits.clear()
        self.model.enqueue(self._fill(attack.reply, ground), status=attack.status)

    def _run(
        self,
        attack: Attack,
        ground: Ground,
        *,
        sandbox: str,
        without: tuple[str, ...],
        seconds: float,
    ) -> EngineResult:
        request = EngineRequest(
            run_id=workbench.run_id(without) if without else "attack",
            model=attack.model,
            api_base=self.model.api_base,
            api_token=TOKEN,
            edit_format=attack.edit_format,
            prompt=self._fill(attack.message, ground),
            staging=ground.staging,
            editable=attack.editable,
            readonly=("read.md",),
            creatable=("production/**",),
            home=ground.home,
            limits=Limits(wall_seconds=seconds),
            sandbox=sandbox,  # type: ignore[arg-type]
        )
        return self.engine.run(request, on_output=lambda *_: None, should_stop=lambda: None)


KNOWN = (
    "staging",
    "home",
    ".env",
    ".aider.conf.yml",
    ".aider.model.settings.yml",
    "CONVENTIONS.md",
)


def facts_of(folder: Path) -> dict[str, str]:
    """Return what lies below a folder: kind, mode and content, links as they are."""
    found = {}
    for path in folder.rglob("*"):
        facts = path.lstat()
        text = path.read_bytes() if stat.S_ISREG(facts.st_mode) else b""
        content = hashlib.sha256(text).hexdigest()
        found[str(path.relative_to(folder))] = f"{facts.st_mode:o} {content}"
    return found


def changes(
    before: dict[str, str], after: dict[str, str], *, allowed: tuple[str, ...], below: bool = True
) -> Iterator[str]:
    """Yield what changed, but for the names allowed and what lies in a folder when not `below`."""
    for path in sorted(before.keys() | after.keys()):
        is_looked_at = path not in allowed and (below or "/" not in path)
        if is_looked_at and before.get(path) != after.get(path):
            is_other = path in before and path in after
            yield f"{path} was {'changed' if is_other else 'made or removed'}"
