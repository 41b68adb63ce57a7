"""Names of files inside a staging folder: which are plain, which match, how to open them.

Nothing here follows a symbolic link or leaves the root it is given. Standard library only.
"""

import functools
import os
import re
import stat
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

MAX_LEVELS = 8
MAX_NAME_BYTES = 200
_PART = re.compile(r"[^\W][\w .()\-]*")
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def is_plain_name(path: str) -> bool:
    """Say whether `path` is a name the system itself could have given to a mission's file.

    Relative, NFC, every part starting with a letter, digit or `_` (so neither `..` nor a dotfile).
    """
    parts = path.split("/")
    return (
        len(parts) <= MAX_LEVELS
        and len(path.encode(errors="surrogatepass")) <= MAX_NAME_BYTES
        and unicodedata.is_normalized("NFC", path)
        and all(_PART.fullmatch(part) for part in parts)
    )


@functools.lru_cache(maxsize=256)
def _regex(pattern: str) -> re.Pattern[str]:
    parts = []
    for token in re.split(r"(\*\*/|\*\*|\*|\?)", pattern):
        parts.append(
            {"**/": "(?:.+/)?", "**": ".+", "*": "[^/]+", "?": "[^/]"}.get(token, re.escape(token))
        )
    return re.compile("".join(parts))


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Say whether a glob in `patterns` covers `path`; `*` stays in one folder, `**` does not."""
    return any(_regex(pattern).fullmatch(path) for pattern in patterns)


def fixed_folder(pattern: str) -> str:
    """Return the folder all matches of `pattern` lie under, "" for the root itself."""
    parts = pattern.split("/")[:-1]
    fixed = []
    for part in parts:
        if "*" in part or "?" in part:
            break
        fixed.append(part)
    return "/".join(fixed)


@contextmanager
def parent_of(root: Path, path: str, *, create: bool = False) -> Iterator[tuple[int, str]]:
    """Open the folder that holds `path` below `root`, part by part.

    Gives its descriptor and the last part of the path. With `create`, missing folders are made.
    Raises OSError when a part is missing, a link or not a folder.
    """
    *folders, name = path.split("/")
    descriptor = os.open(root, _DIRECTORY)
    try:
        for folder in folders:
            if create:
                _ensure_folder(folder, descriptor)
            below = os.open(folder, _DIRECTORY, dir_fd=descriptor)
            os.close(descriptor)
            descriptor = below
        yield descriptor, name
    finally:
        os.close(descriptor)


def _ensure_folder(name: str, parent: int) -> None:
    try:
        os.mkdir(name, 0o700, dir_fd=parent)
    except FileExistsError:
        return


def open_regular(root: Path, path: str, flags: int) -> int:
    """Open a regular file with one name; the descriptor is the caller's.

    Raises OSError when it is missing, a link, a pipe, a device, or has a second hard link
    (writing it would change a file elsewhere).
    """
    with parent_of(root, path) as (folder, name):
        descriptor = os.open(
            name, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
        )
    facts = os.fstat(descriptor)
    if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1:
        os.close(descriptor)
        raise OSError(f"{path} is not a regular file of its own")
    return descriptor


def read_regular(root: Path, path: str) -> bytes:
    """Return the bytes of a regular file. Raises OSError as `open_regular` does."""
    with os.fdopen(open_regular(root, path, os.O_RDONLY), "rb") as file:
        return file.read()


def is_regular(root: Path, path: str) -> bool:
    """Say whether `path` is a regular file of its own; a pipe or device is not even opened."""
    try:
        with parent_of(root, path) as (folder, name):
            facts = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError:
        return False
    return stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1
