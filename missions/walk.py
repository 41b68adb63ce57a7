"""What lies in a folder that nobody trusts, no link followed."""

import os
import stat
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from missions.displaced import Displaced
from missions.paths import MOST_LEVELS, is_valid

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What a mission's folder holds, by path relative to it, ``""`` for the folder itself.

    ``kept`` are the paths of displaced bytes at which nobody may have looked.
    """

    files: Mapping[str, os.stat_result]
    folders: Mapping[str, os.stat_result]
    kept: Sequence[str]


def look_around(root: Path, *, most: int, known: Container[str] = ()) -> Sight:
    """Look at everything below ``root``, at most so many files; ``known`` paths are valid.

    Raises:
        OSError: ``root`` is no folder, or one below it broke off.
    """
    files: dict[str, os.stat_result] = {}
    folders: dict[str, os.stat_result] = {}
    kept: list[str] = []
    for path, status in entries(root):
        if stat.S_ISDIR(status.st_mode):
            folders[path] = status
        elif len(files) < most and is_fit(path, status, known):
            files[path] = status
        elif Displaced.at(path):
            kept.append(path)
    return Sight(files=files, folders=folders, kept=kept)


def is_fit(path: str, status: os.stat_result, known: Container[str] = ()) -> bool:
    """Return whether a mission may hold it: a plain file of one valid name."""
    is_plain = stat.S_ISREG(status.st_mode) and status.st_nlink == 1
    return is_plain and (path in known or is_valid(path))


def entries(root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """Yield path and status of all that is there, but nothing inside of hidden folders.

    A folder comes before what is in it, and only if it can be opened.

    Raises:
        OSError: ``root`` is no folder, or one below it broke off.
    """
    descriptor = os.open(root, _FOLDER)
    try:
        yield "", os.fstat(descriptor)
        yield from _walk(descriptor, "", 1)
    finally:
        os.close(descriptor)


def _walk(folder: int, prefix: str, level: int) -> Iterator[tuple[str, os.stat_result]]:
    with os.scandir(folder) as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            path = f"{prefix}{entry.name}"
            try:
                status = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                continue
            if not stat.S_ISDIR(status.st_mode):
                yield path, status
            elif level < MOST_LEVELS and not entry.name.startswith("."):
                yield from _walk_into(folder, entry.name, path, level)


def _walk_into(
    folder: int, name: str, path: str, level: int
) -> Iterator[tuple[str, os.stat_result]]:
    try:
        child = os.open(name, _FOLDER, dir_fd=folder)
    except OSError:
        return
    try:
        yield path, os.fstat(child)
        yield from _walk(child, f"{path}/", level + 1)
    finally:
        os.close(child)
