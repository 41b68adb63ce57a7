"""Folders outside of the data directory: which a mission may use.

The operator allows them by naming their roots (``PARALLAGON_EXTERNAL_ROOTS``). Whoever may write
below a root may also rename folders and plant links there, so a folder is judged at every use,
not only when it was chosen: without any link below its root, and not behind one now.
"""

import os
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from parallagon.core.errors import FileOperationError, ValidationError

LONGEST = 500
_BARE_REPOSITORY = ("HEAD", "objects", "refs")


class FolderNotAllowed(FileOperationError):  # noqa: N818 - says what is wrong
    """A mission may not use the folder, or not any more."""

    code = "folder_not_allowed"
    status = 409


class FolderGone(FileOperationError):  # noqa: N818 - says what happened
    """There is no such folder (any more); everything goes on when it is back."""

    code = "folder_gone"
    status = 503


class FolderReadOnly(FileOperationError):  # noqa: N818 - says what happened
    """Nothing can be written there; everything goes on when that has changed."""

    code = "folder_read_only"
    status = 503


def choose(folder: str) -> str:
    """Return the one spelling under which ``folder`` is kept, if a mission may use it.

    A path outside of every root is refused before anything is looked at, so that nobody learns
    what is there.

    Raises:
        ValidationError: it is no absolute path.
        FolderNotAllowed: it lies below no root, behind a link, in the data directory or in a
            repository.
        FolderGone: there is no such folder.
        FolderReadOnly: nothing can be written into it.
    """
    _check_spelling(folder)
    path = _below_a_root(Path(folder))
    _check_links(path)
    _check_place(path)
    if not path.is_dir():
        raise FolderGone(_("There is no such folder: make it first."))
    check_usable(path)
    return str(path)


def allowed(folder: str) -> Path:
    """Return a folder that was chosen, if it may still be used.

    Raises:
        FolderNotAllowed: its root was taken from the settings, or a link stands in its way.
    """
    path = Path(folder)
    if not any(_is_below(path, root) for root in _roots()):
        raise _outside()
    _check_links(path)
    return path


def check_usable(path: Path) -> None:
    """Raise unless ``path`` is a folder that can be written into.

    Raises:
        FolderGone: there is no such folder.
        FolderReadOnly: it is there, but nothing can be written.
    """
    if not path.is_dir():
        raise FolderGone(_("The mission's folder is gone; nothing was written."))
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise FolderReadOnly(_("The mission's folder is read-only; nothing was written."))


def overlap(one: str, other: str) -> bool:
    """Return whether two folders are the same, or one lies in the other."""
    first, second = Path(one), Path(other)
    return first == second or _is_below(first, second) or _is_below(second, first)


def _check_spelling(folder: str) -> None:
    path = Path(folder)
    is_clean = folder.isprintable() and len(folder) <= LONGEST and ".." not in path.parts
    if not path.is_absolute() or not is_clean:
        sentence = _("A folder is named by its absolute path, of at most %(most)s characters.")
        raise ValidationError(sentence % {"most": LONGEST}, field="folder")


def _roots() -> list[Path]:
    return [Path(os.path.realpath(root)) for root in settings.PARALLAGON_EXTERNAL_ROOTS]


def _below_a_root(path: Path) -> Path:
    """Return ``path`` with its root as it really is; a root itself may be reached by a link."""
    for spelled in settings.PARALLAGON_EXTERNAL_ROOTS:
        root = Path(os.path.realpath(spelled))
        for known in (Path(spelled), root):
            if _is_below(path, known):
                return root / path.relative_to(known)
    raise _outside()


def _check_links(path: Path) -> None:
    if os.path.realpath(path) != str(path):
        raise FolderNotAllowed(_("A symbolic link stands in the way to the mission's folder."))


def _check_place(path: Path) -> None:
    data = os.path.realpath(settings.DATA_DIR)
    if overlap(str(path), data):
        raise FolderNotAllowed(_("That folder belongs to Parallagon itself."))
    is_bare = all((path / name).exists() for name in _BARE_REPOSITORY)
    if ".git" in path.parts or is_bare:
        raise FolderNotAllowed(_("That folder is the inside of a repository."))


def _is_below(path: Path, root: Path) -> bool:
    return path != root and path.is_relative_to(root)


def _outside() -> FolderNotAllowed:
    return FolderNotAllowed(_("The folder lies below none that this installation allows."))
