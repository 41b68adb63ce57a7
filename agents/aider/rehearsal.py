"""Whole runs of Aider against a canned model server: no run does a thing for the first time."""

import contextlib
import socket
import tempfile
from collections.abc import Iterable
from pathlib import Path

from agents.aider.canned import DIALECTS, canned_server
from agents.aider.coder import CODERS, build_coder
from agents.aider.gate import Gate
from agents.aider.output import CHUNK, Voice, VoiceFile
from agents.aider.protocol import EditFormat, EngineRequest, EngineUnavailable, Family


def rehearse(families: Iterable[Family]) -> None:
    """Run every edit format, streamed and not, with each family.

    Raises EngineUnavailable when one fails.
    """
    with canned_server() as address:
        for family in families:
            for edit_format in CODERS:
                for stream in (True, False):
                    rehearse_once(address, family, edit_format, stream=stream)


def rehearse_once(address: str, family: Family, edit_format: EditFormat, *, stream: bool) -> None:
    """Run a whole conversation as a child would, in a folder that is thrown away."""
    with tempfile.TemporaryDirectory(prefix="parallagon-warm-") as folder:
        (staging := Path(folder, "staging")).mkdir()
        (staging / "a.md").write_text("one\n")
        (staging / "b.md").write_text("one\n")
        request = EngineRequest(
            run_id="warm",
            model=DIALECTS[family].model,
            api_base=address + DIALECTS[family].root,
            api_token="warm",  # noqa: S106 - no secret
            edit_format=edit_format,
            prompt="Warm up.",
            staging=staging,
            editable=("a.md",),
            readonly=("b.md",),
            home=Path(folder),
        )
        _converse(request, stream=stream)
        if (staging / "a.md").read_text() != "two\n":
            raise EngineUnavailable(
                f"Aider did not make a rehearsed edit ({family}, {edit_format}): install exactly"
                " the versions of requirements/base.txt."
            )


def _converse(request: EngineRequest, *, stream: bool) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        voice = Voice(theirs, output_bytes=CHUNK, hide={})
        gate = Gate(request, lambda _path, _reason: None)
        with contextlib.redirect_stdout(VoiceFile(voice, "log")):
            failure, _ = build_coder(request, gate, voice, stream=stream).converse(request.prompt)
    if failure:
        raise EngineUnavailable(f"Aider failed its rehearsal: {failure}.")
