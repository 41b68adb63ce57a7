"""Aider's input and output, closed: every question is answered no, files pass through the gate.

Line endings and a byte order mark are kept as the file had them; Aider alone would turn every
line of a file it touches into LF.
"""

import os
from typing import Any, NoReturn

from aider.io import InputOutput

from agents.aider.gate import Gate
from agents.aider.names import open_regular, read_regular
from agents.aider.output import Voice

BOM = "\ufeff"


class ClosedConsole(InputOutput):  # type: ignore[misc]  # Aider has no types
    """An `InputOutput` that asks nobody, opens no URL, keeps no history, and speaks to `voice`."""

    def __init__(self, gate: Gate, voice: Voice) -> None:
        self._gate = gate
        self._voice = voice
        self._endings: dict[str, str] = {}
        self._marked: set[str] = set()
        super().__init__(pretty=False, yes=False, fancy_input=False, encoding="utf-8")

    def confirm_ask(self, *_args: Any, **_options: Any) -> bool:
        """Answer no."""
        return False

    def offer_url(self, *_args: Any, **_options: Any) -> bool:
        """Open nothing."""
        return False

    def prompt_ask(self, *_args: Any, **_options: Any) -> str:
        """Answer nothing."""
        return ""

    def get_input(self, *_args: Any, **_options: Any) -> NoReturn:
        """End the conversation: nobody is there to type."""
        raise EOFError

    def append_chat_history(self, *_args: Any, **_options: Any) -> None:
        """Keep no history file."""

    def log_llm_history(self, *_args: Any, **_options: Any) -> None:
        """Keep no history file."""

    def add_to_input_history(self, inp: str) -> None:
        """Keep no history file."""

    def ring_bell(self) -> None:
        """Stay quiet."""

    def tool_output(self, *messages: Any, log_only: bool = False, bold: bool = False) -> None:
        """Pass a line on to the log."""
        text = " ".join(str(message) for message in messages)
        if text.strip() and not log_only:
            self._voice.say("log", text + "\n")

    def _tool_message(self, message: Any = "", strip: bool = True, color: Any = None) -> None:
        self.tool_output(message)

    def assistant_output(self, message: str, pretty: bool | None = None) -> None:
        """Pass on a reply that came in one piece."""
        self._voice.say("reply", message)

    def print(self, message: Any = "") -> None:
        """Pass a line on to the log."""
        self.tool_output(message)

    def read_image(self, filename: Any) -> None:
        """Read no images."""
        return

    def read_text(self, filename: Any, silent: bool = False) -> str | None:
        """Return the text of a file of this run with LF endings, None for any other file."""
        path = self._gate.relative(str(filename))
        if path is None or not self._gate.may_read(path):
            self._gate.refuse(str(filename) if path is None else path, "not given to this run")
            return None
        try:
            text = read_regular(self._gate.root, path).decode()
        except (OSError, UnicodeDecodeError) as error:
            self.tool_output(f"{path}: {error}")
            return None
        if text.startswith(BOM):
            self._marked.add(path)
            text = text[1:]
        crlf = text.count("\r\n")
        self._endings[path] = "\r\n" if crlf * 2 > text.count("\n") else "\n"
        return text.replace("\r\n", "\n") if crlf else text

    def write_text(self, filename: Any, content: str, *_args: Any, **_options: Any) -> None:
        """Write a file of this run as it was: its line endings, its byte order mark.

        Raises PermissionError for a file that is not this run's to change.
        """
        path = self._gate.relative(str(filename))
        if path is None or not self._gate.may_write(path):
            self._gate.refuse(str(filename) if path is None else path, "not this run's to change")
            raise PermissionError(f"{filename} may not be changed")
        text = content.replace("\r\n", "\n").replace("\n", self._endings.get(path, "\n"))
        if path in self._marked:
            text = BOM + text
        flags = os.O_WRONLY | os.O_TRUNC
        with os.fdopen(open_regular(self._gate.root, path, flags), "wb") as file:
            file.write(text.encode())
