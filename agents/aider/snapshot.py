"""What is really on disk in a staging folder, before and after a run. Standard library only."""

import hashlib
import os
from pathlib import Path

from agents.aider.names import is_regular, matches, open_regular, read_regular
from agents.aider.protocol import EngineRequest

MAX_ENTRIES = 10_000


class Snapshot:
    """The contents that a run starts from; `changes()` says what became of them."""

    def __init__(self, request: EngineRequest) -> None:
        self._root = request.staging
        self._creatable = request.creatable
        self._files = frozenset(_files_below(self._root)) if request.creatable else frozenset()
        self._editable = {path: _digest(self._root, path) for path in request.editable}

    def changes(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the paths that were created and those that were edited, by their bytes, sorted.

        A file that was replaced by something else than a regular file counts as edited. An empty
        new file does not count.
        """
        edited = [
            path for path, before in self._editable.items() if _digest(self._root, path) != before
        ]
        created = [
            path
            for path in (_files_below(self._root) if self._creatable else ())
            if path not in self._files
            and path not in self._editable
            and matches(path, self._creatable)
            and _has_text(self._root, path)
        ]
        return tuple(sorted(created)), tuple(sorted(edited))


def _digest(root: Path, path: str) -> bytes | None:
    try:
        return hashlib.sha256(read_regular(root, path)).digest()
    except OSError:
        return None


def _has_text(root: Path, path: str) -> bool:
    if not is_regular(root, path):
        return False
    descriptor = open_regular(root, path, os.O_RDONLY)
    try:
        return os.fstat(descriptor).st_size > 0
    finally:
        os.close(descriptor)


def _files_below(root: Path) -> list[str]:
    """Return what lies below `root` that is no folder; links are not followed, at most 10,000."""
    found: list[str] = []
    for folder, folders, files in os.walk(root):
        relative = os.path.relpath(folder, root)
        prefix = "" if relative == "." else relative + "/"
        found += [prefix + name for name in files]
        found += [prefix + name for name in folders if Path(folder, name).is_symlink()]
        if len(found) > MAX_ENTRIES:
            break
    return found[:MAX_ENTRIES]
