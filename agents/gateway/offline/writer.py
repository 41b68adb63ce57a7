"""The offline model's one function: from the messages of a chat to a reply in Aider's format.

It knows no language. It reads the request, counts, compares and quotes; every document says so.
The same messages give the same bytes, and a document that needs nothing gets no edit.
"""

from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from agents.gateway.offline import (
    duplication,
    evaluation,
    management,
    production,
    specifications,
    suivi,
)
from agents.gateway.offline.conversation import Brief, read_brief
from agents.gateway.offline.edits import Inexpressible, write_edits
from agents.gateway.offline.phrases import Voice, voice

WRITERS: dict[str, Callable[[Brief, Voice], dict[str, str]]] = {
    "specifications": specifications.write,
    "production": production.write,
    "management": management.write,
    "evaluation": evaluation.write,
    "suivi": suivi.write,
    "duplication": duplication.write,
}


def write_reply(messages: Sequence[Mapping[str, Any]]) -> str:
    """Return the reply to a chat completion's `messages`: one sentence, then edits if any."""
    brief = read_brief(messages)
    if brief is None:
        return "The offline writer answers the agents of Parallagon only: it changes nothing.\n"
    spoken = voice(brief.language)
    writer = WRITERS.get(brief.role)
    if writer is None:
        return spoken.replies["unknown"].format(role=brief.role) + "\n"
    names = brief.names
    written = writer(brief.by_known_names(), spoken)
    wanted = {names.get(path, path): text for path, text in written.items()}
    changes = {
        path: (brief.text(path), new)
        for path, new in wanted.items()
        if _may_write(path, brief) and new.rstrip("\n") != brief.text(path).rstrip("\n")
    }
    if not changes:
        return _nothing(wanted, brief, spoken) + "\n"
    try:
        edits = write_edits(
            changes,
            edit_format=brief.edit_format,
            fence=brief.fence,
            others={path: brief.files[path] for path in brief.editable},
        )
    except Inexpressible:
        return spoken.replies["blocked"] + "\n"
    files = spoken.word("and").join(f"`{path}`" for path in changes)
    return f"{spoken.replies['done'].format(files=files)}\n\n{edits}"


def _nothing(wanted: Mapping[str, str], brief: Brief, spoken: Voice) -> str:
    paths = list(wanted) or sorted(brief.editable)
    if len(paths) != 1:
        return spoken.replies["many_nothing"]
    return spoken.replies["nothing"].format(files=f"`{paths[0]}`")


def _may_write(path: str, brief: Brief) -> bool:
    return path in brief.editable or any(fnmatchcase(path, pattern) for pattern in brief.creatable)
