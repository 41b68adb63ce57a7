"""Which files one run may see, change and create. Decided here, before Aider touches anything."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

from agents.aider.names import is_plain_name, is_regular, matches, open_regular, parent_of
from agents.aider.protocol import MAX_CREATED, EngineRequest

UNNAMED = "(unnamed)"


class Gate:
    """The answer to "may this run touch that path?", by the request alone.

    Every refusal goes to `report(path, reason)` once. `editable` and `readonly` hold only what is
    really a regular file of its own in the staging folder.
    """

    def __init__(self, request: EngineRequest, report: Callable[[str, str], None]) -> None:
        self.root = Path(os.path.realpath(request.staging))
        self._report = report
        self._reported: set[str] = set()
        self._creatable = request.creatable
        self.created: list[str] = []
        self.editable = [path for path in request.editable if self._is_sound(path)]
        own = set(self.editable)
        self.readonly = [
            path for path in request.readonly if path not in own and self._is_sound(path)
        ]

    def absolute(self, path: str) -> str:
        """Return the absolute name of a path of the staging folder."""
        return str(self.root / path)

    def relative(self, absolute: str) -> str | None:
        """Return the path in the staging folder that an absolute name means, if it lies there."""
        prefix = f"{self.root}/"
        return absolute.removeprefix(prefix) if absolute.startswith(prefix) else None

    def may_read(self, path: str) -> bool:
        """Say whether this run was given the file, to edit or to read."""
        return path in self.editable or path in self.readonly

    def may_write(self, path: str) -> bool:
        """Say whether this run was given the file to edit, or created it."""
        return path in self.editable

    def might_write(self, path: str) -> bool:
        """Say whether an edit for `path` would be admitted; nothing is created."""
        return path in self.editable or self._refusal(path) is None

    def admit(self, named: str) -> str | None:
        """Return the path that an edit for `named` may change, or None and report why not.

        A new file that may be created is there, and empty, when this returns.
        """
        path = named.strip().removeprefix("./")
        if path in self.editable:
            return path
        reason = self._refusal(path)
        if reason is None:
            reason = self._create(path)
        if reason is not None:
            self.refuse(named.strip() or UNNAMED, reason)
            return None
        self.editable.append(path)
        self.created.append(path)
        return path

    def refuse(self, path: str, reason: str) -> None:
        """Report that `path` was kept from the run; a second time is not news."""
        if path not in self._reported:
            self._reported.add(path)
            self._report(path, reason)

    def drop_empty(self) -> None:
        """Remove the files that were created for an edit which then did not come."""
        for path in self.created:
            with parent_of(self.root, path) as (folder, name):
                if os.stat(name, dir_fd=folder, follow_symlinks=False).st_size == 0:
                    os.unlink(name, dir_fd=folder)

    def _is_sound(self, path: str) -> bool:
        if not is_plain_name(path):
            self.refuse(path, "the name is not allowed")
            return False
        if not is_regular(self.root, path):
            self.refuse(path, "not a regular file")
            return False
        try:
            self._read_as_text(path)
        except (OSError, UnicodeDecodeError):
            self.refuse(path, "not UTF-8 text")
            return False
        return True

    def _read_as_text(self, path: str) -> None:
        with os.fdopen(open_regular(self.root, path, os.O_RDONLY), encoding="utf-8") as file:
            for _ in iter(lambda: file.read(1 << 20), ""):
                pass

    def _refusal(self, path: str) -> str | None:
        if path in self.readonly:
            return "given to read only"
        if not is_plain_name(path):
            return "the name is not allowed"
        if not matches(path, self._creatable):
            return "not a file this run may change or create"
        if len(self.created) >= MAX_CREATED:
            return f"more than {MAX_CREATED} new files in one run"
        return None

    def _create(self, path: str) -> str | None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            with parent_of(self.root, path, create=True) as (folder, name):
                os.close(os.open(name, flags, 0o600, dir_fd=folder))
        except FileExistsError:
            return "exists, and is not given to this run to change"
        except OSError as error:
            return f"could not be created: {errno.errorcode.get(error.errno or 0, 'error')}"
        return None
