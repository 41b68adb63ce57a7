"""What Aider 0.86 sends to a model, read back: which role is asked, and the files as they stand.

Aider shows read-only files in one message, editable files in another, each as its path, a fence,
the text and the closing fence; the message of the role comes last. Models may get the contents as
a list of parts. Orders differ from run to run, so everything is kept by path.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

HEAD = re.compile(
    r"^Parallagon role: (?P<role>[^|\n]+) \| language: (?P<language>[^|\n]+)"
    r" \| format: (?P<format>[^|\n]+)$",
    re.MULTILINE,
)
EDITABLE = "I have *added these files to the chat*"
READ_ONLY = "Here are some READ ONLY files"
FENCE_RULES = (
    re.compile(r"^8\. The closing fence: (\S+)$", re.MULTILINE),
    re.compile(r"^- Final line: closing (\S+)$", re.MULTILINE),
)
RENAMED = re.compile(r"renamed: `([^`\n]+)` is called `([^`\n]+)` now")
FILE_LINE = re.compile(r"^- (write|create|read) `([^`\n]+)`$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Brief:
    """One request to the writer. `files` holds every text that it was shown, by path; `editable`
    the paths it may change, `creatable` the patterns of files it may add."""

    role: str
    language: str
    edit_format: str
    fence: tuple[str, str]
    files: Mapping[str, str]
    editable: frozenset[str]
    creatable: tuple[str, ...]
    facts: tuple[str, ...]

    @property
    def names(self) -> dict[str, str]:
        """Return what files are called now: the name that the writer knows → the new one."""
        found = (RENAMED.fullmatch(fact) for fact in self.facts)
        return {match[1]: match[2] for match in found if match}

    def by_known_names(self) -> "Brief":
        """Return the same with every file under the name that the writer knows."""
        known = {new: old for old, new in self.names.items()}
        return replace(
            self,
            files={known.get(path, path): text for path, text in self.files.items()},
            editable=frozenset(known.get(path, path) for path in self.editable),
            creatable=tuple(known.get(path, path) for path in self.creatable),
        )

    def text(self, path: str) -> str:
        """Return the text of a file, empty for one that is not there."""
        return self.files.get(path, "")


def read_brief(messages: Sequence[Mapping[str, Any]]) -> Brief | None:
    """Return what `messages` ask for, or None when they are no message of a role."""
    texts = [(str(message.get("role", "")), _text(message.get("content"))) for message in messages]
    asked = [
        text for role, text in texts if role == "user" and text.startswith("Parallagon role: ")
    ]
    head = HEAD.match(asked[-1]) if asked else None
    if head is None:
        return None
    prompt = asked[-1]
    listed = FILE_LINE.findall(_part(prompt, "Files"))
    known = {path for kind, path in listed if kind != "create"}
    fence = _fence(text for _, text in texts)
    editable: dict[str, str] = {}
    readonly: dict[str, str] = {}
    for role, text in texts:
        if role == "user" and text.startswith(EDITABLE):
            editable = _files(text, fence, known)
        elif role == "user" and text.startswith(READ_ONLY):
            readonly = _files(text, fence, known)
    return Brief(
        role=head["role"].strip(),
        language=head["language"].strip(),
        edit_format=head["format"].strip(),
        fence=fence,
        files={**readonly, **editable},
        editable=frozenset(editable),
        creatable=tuple(path for kind, path in listed if kind == "create"),
        facts=tuple(line[2:] for line in _part(prompt, "Facts").split("\n") if line[:2] == "- "),
    )


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(str(part.get("text", "")) for part in content if isinstance(part, Mapping))
    return ""


def _part(prompt: str, title: str) -> str:
    """Return the last section of that title: a role's own text may hold one of the same name."""
    after = prompt.rpartition(f"\n## {title}\n")[2]
    return after.partition("\n## ")[0] if f"\n## {title}\n" in prompt else ""


def _fence(texts: Iterable[str]) -> tuple[str, str]:
    """Return the fence that Aider chose; it says so in the rules of the format."""
    for text in texts:
        for rule in FENCE_RULES:
            match = rule.search(text)
            if match:
                close = match[1]
                return close.replace("</", "<"), close
    return "```", "```"


def _files(text: str, fence: tuple[str, str], known: set[str]) -> dict[str, str]:
    """Return the files in one of Aider's listings. A last line without an end is followed by the
    fence at once, and a text may hold fences of its own when Aider found none that it lacks."""
    opening, closing = (re.escape(mark) for mark in fence)
    listing = re.compile(
        rf"^(?P<path>[^\n]+)\n{opening}\n(?P<text>.*?){closing}\n(?=\n[^\n]+\n{opening}\n|\Z)",
        re.MULTILINE | re.DOTALL,
    )
    found = ((match["path"], match["text"]) for match in listing.finditer(text))
    return {path: body for path, body in found if not known or path in known}
