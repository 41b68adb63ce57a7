"""A contained Aider: its edit formats, with all shut off that is not editing the run's files."""

import contextlib
from collections.abc import Iterator
from typing import Any

from aider.coders.base_coder import Coder
from aider.coders.editblock_coder import EditBlockCoder
from aider.coders.wholefile_coder import WholeFileCoder
from aider.models import Model

from agents.aider.console import ClosedConsole
from agents.aider.foreign import holds_blocks, names_whole_files
from agents.aider.gate import UNNAMED, Gate
from agents.aider.output import Voice, VoiceFile
from agents.aider.protocol import EditFormat, EngineRequest, Remark

HUGE = 100_000_000
FOREIGN = (
    "Your reply holds edits in another format than the one you were told, so nothing was changed."
    " Give each edit in that format, or say that nothing needs to change."
)
"""What the model is answered, as Aider answers to a block that does not match."""
PATIENCE = 10  # seconds beyond the run's own limit, which is what ends it


class _Names(set[str]):
    """A set of file names that is walked in order, so that equal input makes an equal prompt."""

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))


class _Events:
    """Takes Aider's analytics events, sends none, and keeps the one that tells of a failure."""

    def __init__(self) -> None:
        self.failure: str | None = None

    def event(self, name: str, **properties: Any) -> None:
        """Note an exception inside Aider, which it shows and then swallows."""
        if name == "message_send_exception":
            self.failure = f"Aider stopped: {properties.get('exception', '')}"


class Contained(Coder):  # type: ignore[misc]  # Aider has no types
    """What both edit formats share: no git, lint, test, shell, URL, map, and the gate before all.

    `failure` says why the conversation with the model broke off, in words; None when it did not.
    """

    gate: Gate

    def __init__(self, model: Model, console: ClosedConsole, gate: Gate, voice: Voice) -> None:
        self.gate = gate
        self._voice = voice
        self._events = _Events()
        super().__init__(
            model,
            console,
            fnames=[gate.absolute(path) for path in gate.editable],
            read_only_fnames=[gate.absolute(path) for path in gate.readonly],
            use_git=False,
            auto_commits=False,
            dirty_commits=False,
            auto_lint=False,
            auto_test=False,
            suggest_shell_commands=False,
            detect_urls=False,
            map_tokens=0,
            analytics=self._events,
            stream=model.streaming,
        )
        self.root = str(gate.root)
        self.abs_root_path_cache: dict[str, str] = {}
        self.abs_fnames = _Names(map(gate.absolute, gate.editable))
        self.abs_read_only_fnames = _Names(map(gate.absolute, gate.readonly))
        self.failure: str | None = None
        self._is_malformed = False

    def get_edits(self, mode: str = "update") -> list[Any]:
        """Return the reply's edits that the gate admits, under the names the gate gave them.

        Raises:
            ValueError: the reply is malformed; Aider asks the model again, three times at most.
        """
        self._is_malformed = True
        edits = super().get_edits()
        self.shell_commands: list[str] = []
        if self._is_foreign(edits):
            raise ValueError(FOREIGN)
        self._is_malformed = False
        return [kept for edit in edits if (kept := self._admit(edit)) is not None]

    def _is_foreign(self, edits: list[Any]) -> bool:
        """Tell whether the reply holds edits that Aider does not see in this format."""
        raise NotImplementedError

    def _admit(self, edit: tuple[Any, ...]) -> tuple[Any, ...] | None:
        path = self.gate.admit(str(edit[0]))
        if path is None:
            return None
        self.abs_fnames.add(self.gate.absolute(path))
        return (path, *edit[1:])

    def allowed_to_edit(self, path: str) -> bool:
        """Allow what the gate has admitted."""
        return self.gate.may_write(path)

    def check_for_file_mentions(self, content: str) -> None:
        """Add no file because a text names it."""

    def check_for_urls(self, inp: str) -> str:
        """Fetch nothing because a text names it."""
        return inp

    def run_shell_commands(self) -> str:
        """Run nothing."""
        return ""

    def check_tokens(self, messages: Any) -> bool:
        """Leave it to the provider to say that a prompt is too long; the count here is a guess."""
        return True

    def get_user_language(self) -> None:
        """Leave the language to the prompt: the process's locale says nothing about the mission."""
        return

    def get_platform_info(self) -> str:
        """Tell the model nothing about the machine, and the same on every day."""
        return "- The files are the documents of a mission; there is no shell.\n"

    def render_incremental_response(self, final: bool) -> str:
        """Show the reply as it came: the diff that `whole` shows reads whatever file is named."""
        return str(self.get_multi_response_content_in_progress())

    def show_send_output_stream(self, completion: Any) -> Iterator[str]:
        """Pass the reply on while it streams."""
        with contextlib.redirect_stdout(VoiceFile(self._voice, "reply")):
            yield from super().show_send_output_stream(completion)

    def check_and_open_urls(self, exc: Any, friendly_msg: str | None = None) -> list[str]:
        """Note the error of a model call that is not tried again; open no URL in it."""
        super().check_and_open_urls(exc, friendly_msg)
        self.failure = f"the model call failed: {type(exc).__name__}: {exc}"
        return []

    def show_exhausted_error(self) -> None:
        """Note that the model's window or output limit was reached."""
        super().show_exhausted_error()
        self.failure = "the model reached its token limit"

    def converse(self, prompt: str) -> tuple[str | None, Remark]:
        """Send `prompt`, apply the edits; return the failure in words or None, and a remark.

        Aider has a last answer to the model ready, which it did not send, where it gave up.
        """
        self.run(with_message=prompt, preproc=False)
        failure = self.failure or self._events.failure
        if failure is None and not self.partial_response_content:
            failure = "the model's reply was empty"
        if not self.reflected_message:
            return failure, ""
        return failure, "malformed_reply" if self._is_malformed else "edits_unmatched"


class ContainedDiff(Contained, EditBlockCoder):  # type: ignore[misc]  # Aider has no types
    """Search and replace blocks."""

    def _is_foreign(self, edits: list[Any]) -> bool:
        reply = str(self.partial_response_content)
        return not edits and (
            holds_blocks(reply) or names_whole_files(reply, is_own=self.gate.might_write)
        )


class ContainedWhole(Contained, WholeFileCoder):  # type: ignore[misc]  # Aider has no types
    """Whole files in fences."""

    def get_edits(self, mode: str = "update") -> list[Any]:
        """Return the reply's files, or none when a fence inside one may have cut it short.

        Each file is read from one fence to the next. Where the fences are not two for each file
        that may be taken, some text lies outside of all of them, and would be lost.
        """
        edits = super().get_edits(mode)
        lines = self.get_multi_response_content_in_progress().splitlines()
        fence_count = sum(line.startswith(tuple(self.fence)) for line in lines)
        if fence_count == 2 * len(edits):
            return edits
        for edit in edits:
            self.gate.refuse(edit[0], "a fence inside the file, or none at its end")
        return []

    def _is_foreign(self, edits: list[Any]) -> bool:
        """Tell whether blocks stand where files should: Aider would write their marks into them."""
        if edits:
            return any(holds_blocks("".join(edit[2])) for edit in edits)
        return holds_blocks(self.get_multi_response_content_in_progress())

    def _admit(self, edit: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """Refuse a fence without a name, which Aider would take for the only file of the chat."""
        if edit[1] == "chat":
            self.gate.refuse(UNNAMED, "a block without the name of a file")
            return None
        return super()._admit(edit)


CODERS: dict[EditFormat, type[Contained]] = {"diff": ContainedDiff, "whole": ContainedWhole}


def build_coder(
    request: EngineRequest, gate: Gate, voice: Voice, *, stream: bool | None = None
) -> Contained:
    """Return a coder for one run. `stream` overrides what the model's settings say."""
    name = request.model
    model = Model(name, weak_model=name, editor_model=name)
    model.max_chat_history_tokens = HUGE
    model.extra_params = {
        **(model.extra_params or {}),
        "api_base": request.api_base,
        "api_key": request.api_token,
        "num_retries": 0,
        "max_retries": 0,
        "timeout": request.limits.wall_seconds + PATIENCE,
    }
    if stream is not None:
        model.streaming = stream
    return CODERS[request.edit_format](model, ClosedConsole(gate, voice), gate, voice)
