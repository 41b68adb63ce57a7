"""From what a person brought to the files of a mission, or a sentence that says why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from missions.content import check_bytes
from missions.transfer import manifest
from missions.transfer.manifest import Manifest
from missions.transfer.past import Past, read_past
from missions.transfer.sorting import Skipped, Sorted, sort
from missions.transfer.sources import BadArchive, Entry, Source
from missions.transfer.zips import shown, too_large


@dataclass(frozen=True, kw_only=True)
class Incoming:
    """Files that a mission may hold, checked and read.

    Attributes:
        texts: path → text, with its BOM and line ends as they were.
        manifest: of an export; ``None`` for anything else.
        past: the history, where the archive has one.
        skipped: what was left out.
    """

    texts: Mapping[str, str]
    manifest: Manifest | None
    past: Past | None
    skipped: Sequence[Skipped]


def read(source: Source, *, now: datetime) -> Incoming:
    """Return what ``source`` holds; nothing has been written.

    Raises:
        BadArchive: something in it is hostile, damaged or too much.
        ValidationError: a file is not one that a mission may have.
    """
    found = sort(source.entries)
    if len(found.files) > source.limits.files:
        raise BadArchive(
            _("There are more than %(most)s text files.") % {"most": source.limits.files}
        )
    if sum(entry.size for entry in found.files.values()) > source.limits.archive:
        raise too_large(source.limits.archive)
    for path, entry in found.files.items():
        check_entry(path, entry, settings.PARALLAGON_MAX_FILE_SIZE)
    return Incoming(
        manifest=_manifest(source, found),
        past=read_past(source, found.own, found.files, now=now),
        texts={path: _text(source, path, entry) for path, entry in sorted(found.files.items())},
        skipped=tuple(found.skipped),
    )


def check_entry(name: str, entry: Entry, most: int) -> None:
    """Refuse an entry that says it is too large, before a byte of it is read."""
    if entry.size > most:
        raise BadArchive(
            _("%(name)s has more than %(most)s bytes.") % {"name": shown(name), "most": most}
        )


def _manifest(source: Source, found: Sorted) -> Manifest | None:
    entry = found.own.get(manifest.NAME)
    if entry is None:
        return None
    check_entry(manifest.NAME, entry, manifest.MOST_BYTES)
    return Manifest.parse(source.read(entry))


def _text(source: Source, path: str, entry: Entry) -> str:
    content = source.read(entry)
    check_bytes(path, content, allow_invalid=True)  # it is the person's own, as they have it
    return content.decode()
