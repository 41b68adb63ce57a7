"""What each name that a person brings is: a file of the mission, harmless, or a reason to refuse.

People pack folders as they are, with pictures and what their system hides in them: that is left
out and said. Names that are made to reach elsewhere, or to mean two files, refuse the whole.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from django.conf import settings
from django.utils.translation import gettext as _

from missions.paths import clashing, extension, validate_path
from missions.transfer.sources import BadArchive, Entry
from missions.transfer.zips import shown

OWN = ".parallagon/"  # what Parallagon puts beside the files; no file of a mission can be there
_DRIVE = re.compile(r"[A-Za-z]:")
_TURNS = frozenset(
    "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)  # of the reading direction
_ARCHIVES = {
    ".zip", ".jar", ".7z", ".rar", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst", ".cab", ".iso",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Skipped:
    """A file that is left out, and why."""

    path: str
    reason: str


@dataclass(kw_only=True)
class Sorted:
    """What was brought, by what it is.

    Attributes:
        files: path → entry of the files of a mission.
        own: name below ``.parallagon/`` → entry.
        skipped: what is left out.
    """

    files: dict[str, Entry] = field(default_factory=dict)
    own: dict[str, Entry] = field(default_factory=dict)
    skipped: list[Skipped] = field(default_factory=list)


def sort(entries: Sequence[Entry]) -> Sorted:
    """Say what each entry is; a single folder around everything is taken off.

    Raises:
        BadArchive: a name is hostile, there twice, or means the same file as another.
        ValidationError: the name of a text file is not one that a mission may have.
    """
    for entry in entries:
        _check_name(entry.name)
    brought = [entry for entry in entries if not entry.is_folder]
    _refuse_twice(entry.name for entry in brought)
    around = _folder_around([entry.name for entry in brought])
    result = Sorted()
    for entry in brought:
        _sort_one(entry, entry.name.removeprefix(around), result)
    refuse_clashes(result.files)
    return result


def _sort_one(entry: Entry, name: str, result: Sorted) -> None:
    if name.startswith(OWN):
        result.own[name.removeprefix(OWN)] = entry
    elif _is_hidden(name):
        result.skipped.append(Skipped(path=name, reason=_("hidden, or kept by a system")))
    elif extension(name) in _ARCHIVES:
        raise BadArchive(
            _("%(name)s is an archive within the archive: unpack it first.") % {"name": shown(name)}
        )
    elif extension(name) not in settings.PARALLAGON_EXTENSIONS:
        result.skipped.append(Skipped(path=name, reason=_("not a kind of text file")))
    else:
        path = validate_path(name)
        if path in result.files:
            raise _same(name)
        result.files[path] = entry


def _check_name(name: str) -> None:
    """Refuse names that could reach out of a folder on some system, or hide what they are."""
    parts = name.removesuffix("/").split("/")
    is_hostile = (
        "\\" in name
        or _DRIVE.match(name)
        or any(part in {"", ".", ".."} for part in parts)
        or any(unicodedata.category(sign) in {"Cc", "Cs"} or sign in _TURNS for sign in name)
    )
    if is_hostile:
        raise BadArchive(
            _("The name “%(name)s” cannot be used: it reaches outside, or hides what it is.")
            % {"name": shown(name)}
        )


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


def _folder_around(names: Sequence[str]) -> str:
    """Return the one folder that holds everything a person sees, with its “/”; else nothing."""
    seen = [name for name in names if not _is_hidden(name)] or list(names)
    folders = {name.partition("/")[0] if "/" in name else "" for name in seen}
    own = any(name.startswith(OWN) for name in names)  # then it was packed without one
    (folder, *others) = folders or {""}
    return "" if others or own or not folder else f"{folder}/"


def _refuse_twice(names: Iterable[str]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise BadArchive(_("%(name)s is in the archive twice.") % {"name": shown(name)})
        seen.add(name)


def refuse_clashes(paths: Iterable[str]) -> None:
    """Refuse paths of which a system that ignores case would make one.

    Raises:
        BadArchive: there are some.
    """
    for path in sorted(clashing(paths)):
        raise _same(path)


def _same(name: str) -> BadArchive:
    return BadArchive(
        _("%(name)s would be the same file as another on some systems.") % {"name": shown(name)}
    )
