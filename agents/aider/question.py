"""What a run would ask its model, found out without asking: Aider in a process of its own.

It takes seconds, most of them to load Aider, so at most one at a time works in each process here.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from agents.aider.process import FIXED, PASSED_ON, ROOT
from agents.aider.protocol import EngineRequest, EngineUnavailable, request_to_json

BOOT = (
    "import sys; sys.path.append(sys.argv[1]);"
    " from agents.aider.render import main; sys.exit(main())"
)
SECONDS: Final = 60.0
_turn = threading.BoundedSemaphore(1)


@dataclass(frozen=True, kw_only=True)
class Message:
    """One message to a model: ``part`` is rules, examples, readonly, editable or message."""

    part: str
    role: str
    content: str


def ask(
    request: EngineRequest, *, environment: Mapping[str, str] = os.environ
) -> Sequence[Message]:
    """Return the messages that a run of ``request`` would send first, in order.

    Raises EngineUnavailable when others are being made, or Aider cannot be loaded in time.
    """
    if not _turn.acquire(timeout=SECONDS / 2):
        raise EngineUnavailable("Others are looking at what agents are told: try again soon.")
    try:
        return [Message(**message) for message in json.loads(_render(request, environment))]
    finally:
        _turn.release()


def _render(request: EngineRequest, environment: Mapping[str, str]) -> bytes:
    kept = {name: environment[name] for name in PASSED_ON if name in environment}
    home = str(request.home)
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-X", "utf8", "-c", BOOT, str(ROOT)],
            input=request_to_json(request),
            capture_output=True,
            env={**kept, **FIXED, "HOME": home, "TMPDIR": home},
            cwd=home,
            timeout=SECONDS,
            check=True,
        )
    except subprocess.TimeoutExpired:
        raise EngineUnavailable(
            f"Aider did not say within {SECONDS:.0f} s what it would send: the machine may be"
            " overloaded; try again."
        ) from None
    except (OSError, subprocess.CalledProcessError) as error:
        raise EngineUnavailable(f"Aider cannot be loaded: {_last_words(error)}.") from error
    return done.stdout


def _last_words(error: Exception) -> str:
    said = getattr(error, "stderr", None) or b""
    lines = said.decode(errors="replace").strip().splitlines()
    return lines[-1].strip() if lines else str(error)
