"""What a run says while it works: kept in its folder, sent to those who look on."""

import json
import time
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

from django.utils import timezone

from agents.models import AgentRun
from missions import events
from parallagon.core.scrubbing import scrub

LOG_FILE: Final = "log.jsonl"
LARGEST: Final = 2 * 1024 * 1024
NOT_KEPT: Final = "\n[the rest of the log was not kept]\n"
FRAME_SECONDS: Final = 0.1
Stream = Literal["log", "reply"]


class RunLog:
    """The log of one run; used from one thread. Frames leave at most ten times a second."""

    def __init__(self, run: AgentRun, directory: Path) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._run = run
        self._file = (directory / LOG_FILE).open("a", encoding="utf-8")
        self._written = 0
        self._waiting: dict[Stream, str] = {"log": "", "reply": ""}
        self._offsets: dict[Stream, int] = {"log": 0, "reply": 0}
        self._sent_at = 0.0

    def write(self, stream: Stream, text: str) -> None:
        """Keep ``text`` and send it soon; past the size limit it is dropped, and that is said."""
        if not text or self._written > LARGEST:
            return
        clean = scrub(text)
        self._written += len(clean)
        if self._written > LARGEST:
            clean = NOT_KEPT
        self._waiting[stream] += clean
        self.flush()

    def flush(self, *, at_once: bool = False) -> None:
        """Write and send what has gathered, if a tenth of a second has gone by."""
        if not at_once and time.monotonic() - self._sent_at < FRAME_SECONDS:
            return
        now = timezone.now()
        for stream, text in self._waiting.items():
            if text:
                self._send(stream, text, now)
                self._waiting[stream] = ""
        self._file.flush()
        self._sent_at = time.monotonic()

    def close(self) -> None:
        """Write and send the rest; a second call does nothing."""
        if not self._file.closed:
            self.flush(at_once=True)
            self._file.close()

    def _send(self, stream: Stream, text: str, now: datetime) -> None:
        line = {"at": now.isoformat(), "stream": stream, "text": text}
        self._file.write(json.dumps(line, ensure_ascii=False) + "\n")
        data: dict[str, Any] = {
            "run": str(self._run.pk),
            "agent": self._run.agent_id,
            "role": self._run.agent.role,
            "stream": stream,
            "offset": self._offsets[stream],
            "text": text,
        }
        events.send_live(self._run.mission_id, "run.output", data, at=now)
        self._offsets[stream] += len(text)


def is_cut(lines: list[dict[str, str]]) -> bool:
    """Tell whether a run said more than is kept of its log."""
    return any(line["text"].endswith(NOT_KEPT) for line in lines)


def read_log(directory: Path) -> list[dict[str, str]]:
    """Return the lines of a run's log, each ``{"at", "stream", "text"}``."""
    try:
        lines = (directory / LOG_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    entries = []
    for line in lines:
        try:
            entries.append(json.loads(line))
        except ValueError:
            continue
    return entries
