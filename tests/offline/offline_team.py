"""A team of the six roles on a dictionary of files: no process, no network, no Aider.

The messages are shaped as Aider shapes them (`test_real_aider.py` holds them to the real ones) and
the blocks are applied by an applier of our own, stricter than Aider's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from agents.gateway.offline.writer import write_reply
from agents.roles.base import AiderAgent, HistoryEntry, RunContext, TeamMember
from agents.roles.registry import all_roles

ROOT = Path(__file__).resolve().parents[2]
FENCES = ["```", "````", "<source>", "<code>", "<pre>"]
BLOCK = re.compile(
    r"^(?P<path>\S+)\n(?P<fence>\S+)\n<<<<<<< SEARCH\n(?P<search>.*?)^=======\n(?P<replace>.*?)"
    r"^>>>>>>> REPLACE\n(?P<close>\S+)$",
    re.MULTILINE | re.DOTALL,
)


def new_mission(language: str, request: str) -> dict[str, str]:
    """Return the files of a new mission: the templates, and the request."""
    folder = ROOT / "missions" / f"templates_{language}"
    files = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.md")}
    return {**files, "demande.md": request}


def demo_request(language: str) -> str:
    return (ROOT / "missions" / f"demo_{language}" / "demande.md").read_text(encoding="utf-8")


def choose_fence(files: Mapping[str, str]) -> tuple[str, str]:
    lines = [line for text in files.values() for line in text.splitlines()]
    for fence in FENCES:
        close = fence.replace("<", "</")
        if not any(line.startswith((fence, close)) for line in lines):
            return fence, close
    return "```", "```"


def listing(files: Mapping[str, str], fence: tuple[str, str]) -> str:
    return "".join(f"\n{path}\n{fence[0]}\n{text}{fence[1]}\n" for path, text in files.items())


def messages_for(role: AiderAgent, context: RunContext) -> list[dict[str, Any]]:
    """Return a chat as Aider makes it for one run of `role`."""
    files = role.run_files(context.files)
    fence = choose_fence(context.files)
    rule = {
        "diff": f"8. The closing fence: {fence[1]}\n",
        "whole": f"- Final line: closing {fence[1]}\n",
    }[context.edit_format]
    reading = {path: context.files[path] for path in files.readonly}
    editing = {path: context.files[path] for path in files.editable}
    chat = [{"role": "system", "content": f"Act as an expert.\n{rule}"}]
    if reading:
        prefix = "Here are some READ ONLY files, provided for your reference.\n"
        chat.append({"role": "user", "content": prefix + listing(reading, fence)})
        chat.append({"role": "assistant", "content": "Ok, I will use these files as references."})
    if editing:
        prefix = "I have *added these files to the chat* so you can go ahead and edit them.\n\n"
        chat.append({"role": "user", "content": prefix + listing(editing, fence)})
        chat.append({"role": "assistant", "content": "Ok, any changes I propose will be to those"})
    return [*chat, {"role": "user", "content": role._build_prompt(context)}]


def apply_blocks(reply: str, files: dict[str, str]) -> list[str]:
    """Apply the SEARCH/REPLACE blocks of `reply` to `files`; each must match exactly once.

    Returns the paths in order.
    """
    blocks = list(BLOCK.finditer(reply))
    assert len(re.findall("^<{7} SEARCH", reply, re.MULTILINE)) == len(blocks)
    for block in blocks:
        old = files.get(block["path"], "")
        old += "" if old.endswith("\n") or not old else "\n"
        if not block["search"]:
            assert not old.strip(), f"an empty SEARCH on {block['path']}"
            files[block["path"]] = old + block["replace"]
            continue
        assert f"\n{old}".count(f"\n{block['search']}") == 1, block["search"]
        new = f"\n{old}".replace(f"\n{block['search']}", f"\n{block['replace']}", 1)
        files[block["path"]] = new[1:]
    return [block["path"] for block in blocks]


@dataclass
class Team:
    """Six agents that work in turn whenever something they watch has changed; with a `seed`, in
    another order every round."""

    files: dict[str, str]
    language: str = "en"
    edit_format: str = "diff"
    now: datetime = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    history: list[HistoryEntry] = field(default_factory=list)
    replies: list[tuple[str, str]] = field(default_factory=list)
    stopped: set[str] = field(default_factory=set)
    seed: int | None = None
    _seen: dict[str, object] = field(default_factory=dict)
    _read: dict[str, int] = field(default_factory=dict)
    _outcomes: dict[str, str] = field(default_factory=dict)
    _revisions: dict[str, int] = field(default_factory=dict)

    def settle(self, most: int = 6) -> int:
        """Work until a whole round changes nothing and return the rounds that it took."""
        for number in range(most):
            if not self.work_once():
                return number
        raise AssertionError(f"still at work after {most} rounds")

    def work_once(self) -> list[str]:
        """Let each agent that has a reason to work do so once; return the paths changed."""
        roles = all_roles()
        if self.seed is not None:
            self.seed += 1
            Random(self.seed).shuffle(roles)  # noqa: S311 - an order, no secret
        return [path for role in roles for path in self.run(role)]

    def write(self, path: str, text: str, *, author: str = "Ada") -> None:
        """Save a file as a person."""
        self.files[path] = text
        self._record(author, path)

    def run(self, role: AiderAgent) -> list[str]:
        if role.role in self.stopped or self._seen.get(role.role) == self._watched(role):
            return []
        self._seen[role.role] = self._watched(role)
        before = dict(self.files)
        self.replies.append((role.role, self.answer(role, self._context(role))))
        changed = [path for path, text in self.files.items() if before.get(path) != text]
        allowed = role.list_files().writes
        assert all(path in allowed or path.startswith("production/") for path in changed)
        self._outcomes[role.role] = "changed" if changed else "unchanged"
        for path in changed:
            self._record(role.role, path, "changed")
        return changed

    def answer(self, role: AiderAgent, context: RunContext) -> str:
        """Have the writer answer, apply its edits to the files and return what it said."""
        reply = write_reply(messages_for(role, context))
        apply_blocks(reply, self.files)
        return reply

    def _watched(self, role: AiderAgent) -> object:
        own = role.run_files(self.files).editable
        saved = [entry.path for entry in self.history if entry.author == "Ada"]
        return [
            {p: role.watched_text(p, t) for p, t in self.files.items() if role.is_watched(p)},
            [path for path in saved if path in own],
        ]

    def _context(self, role: AiderAgent) -> RunContext:
        files = role.run_files(self.files)
        start = self._read.get(role.role, 0)
        self._read[role.role] = len(self.history)
        return RunContext(
            mission_title="A mission",
            language=self.language,
            prompt=role.shipped_prompt(self.language),
            edit_format=self.edit_format,
            files={path: self.files[path] for path in (*files.editable, *files.readonly)},
            team=tuple(
                TeamMember(
                    role=other.role,
                    state="STOPPED" if other.role in self.stopped else "IDLE",
                    last_outcome=self._outcomes.get(other.role),
                )
                for other in all_roles()
            ),
            history=tuple(self.history[start:]),
        )

    def _record(self, author: str, path: str, outcome: str | None = None) -> None:
        self.now += timedelta(seconds=37)
        self._revisions[path] = self._revisions.get(path, 1) + 1
        self.history.append(
            HistoryEntry(
                at=self.now,
                author=author,
                path=path,
                revision=self._revisions[path],
                outcome=outcome,
                summary="",
            )
        )
