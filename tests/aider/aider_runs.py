"""Runs of the real Aider on a few files, seen from outside."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from agents.aider.engine import Engine, EngineRequest, EngineResult, Limits
from tests.aider.aider_model import ScriptedModel

TOKEN = "token-of-this-run"
CANARY = "canary-8f21"
SECRETS = ("OPENAI_API_KEY", "SECRET_KEY", "HTTP_PROXY", "AIDER_LOAD", "PYTHONPATH")


@dataclass
class Ran:
    """One run, seen from outside: its result, its folder, and what came out of it."""

    result: EngineResult
    staging: Path
    output: list[tuple[str, str]]

    def text(self, path: str) -> str:
        """Return a file of the staging folder."""
        return (self.staging / path).read_text()

    def said(self, stream: str) -> str:
        """Return all that came over one stream."""
        return "".join(text for kind, text in self.output if kind == stream)

    def names(self) -> set[str]:
        """Return every file below the staging folder."""
        return {
            str(path.relative_to(self.staging))
            for path in self.staging.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }


@dataclass
class Aider:
    """Runs Aider through an engine on files given as texts."""

    engine: Engine
    model: ScriptedModel
    folder: Path
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def request(self, files: dict[str, str], **changes: Any) -> EngineRequest:
        """Write `files` to a new staging folder and return a request that may edit them all."""
        with self.lock:
            self.count += 1
            folder = self.folder / f"run-{self.count}"
        staging, home = folder / "staging", folder / "home"
        for path, text in files.items():
            (staging / path).parent.mkdir(parents=True, exist_ok=True)
            (staging / path).write_text(text, newline="")
        home.mkdir()
        values: dict[str, Any] = {
            "run_id": folder.name,
            "model": "openai/writer",
            "api_base": self.model.api_base,
            "api_token": TOKEN,
            "edit_format": "diff",
            "prompt": "Please do your work.",
            "staging": staging,
            "editable": tuple(files),
            "home": home,
            "limits": Limits(wall_seconds=30),
        }
        return EngineRequest(**values | changes)

    def run(
        self,
        files: dict[str, str],
        *,
        should_stop: Callable[[], str | None] = lambda: None,
        **changes: Any,
    ) -> Ran:
        """Run once and return what came of it."""
        request = self.request(files, **changes)
        output: list[tuple[str, str]] = []
        result = self.engine.run(
            request,
            on_output=lambda stream, text: output.append((stream, text)),
            should_stop=should_stop,
        )
        return Ran(result, request.staging, output)


def children_of(pid: int) -> list[int]:
    """Return the processes whose parent is `pid`."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(status.parent.name))
    return found


def children(engine: Engine) -> list[int]:
    """Return the children of the engine, the spare one included."""
    pid = engine.health().pid
    assert pid is not None
    return children_of(pid)
