"""Reading a ZIP that a stranger may have made: strict where other readers guess.

What two readers could understand differently is refused: data before the first entry or after the
end, entries that share bytes, sizes, counts or checksums that are not true, names that differ
between an entry and the list. Only stored and deflated regular files are read, one at a time.
"""

import stat
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, cast

from django.utils.translation import gettext as _

from missions.transfer.sources import BadArchive, Entry, Limits

# signature, disk, disk of the list, entries here, entries, bytes of the list, its place, comment
_END = struct.Struct("<4s4H2LH")
_END64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR = struct.Struct("<4sLQL")
# signature, made by, needs, flags, method, time, date, crc, packed, size, lengths of name, extra
# and comment, disk, two kinds of attributes, place
_LISTED = struct.Struct("<4s6H3L5H2L")
# signature, needs, flags, method, time, date, crc, packed, size, lengths of name and extra
_LOCAL = struct.Struct("<4s5H3L2H")
_LONGEST_COMMENT = 0xFFFF
_IN_EXTRA = 0xFFFFFFFF  # the true number stands in the zip64 field
_ENCRYPTED = 1 << 0 | 1 << 6 | 1 << 13
_SIZES_FOLLOW, _PATCH, _UTF8 = 1 << 3, 1 << 5, 1 << 11
_STORED, _DEFLATED = 0, 8
_LABEL, _REPARSE_POINT = 0x08, 0x400
_HIGHEST_RATIO = 250
_SMALL = 64 * 1024  # below, a ratio says nothing
_LONGEST_NAME = 1000


@dataclass(frozen=True, kw_only=True)
class ZipEntry(Entry):
    """One entry as the list at the end of the archive has it."""

    raw_name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    place: int  # of its header; the bytes follow


class ZipSource:
    """A ZIP whose list and headers were checked; its bytes are checked as they are read.

    Raises (from the constructor):
        BadArchive: it is not a ZIP, is damaged or hostile, or is more than ``limits`` allow.
    """

    def __init__(self, file: BinaryIO, *, limits: Limits) -> None:
        self.file = file
        self.limits = limits
        self.size = file.seek(0, 2)
        if self.size > limits.archive:
            raise too_large(limits.archive)
        end = _find_end(file, self.size)
        if end.count > limits.entries:
            raise BadArchive(
                _("The archive holds more than %(most)s files.") % {"most": limits.entries}
            )
        self.entries = tuple(_listed(self._bytes(end.place, end.length), end.count))
        if sum(entry.size for entry in self.entries) > limits.unpacked:
            raise too_large(limits.unpacked)
        self.starts: dict[int, int] = {}
        self._check_places(end.place)

    def read(self, entry: Entry) -> bytes:
        listed = cast("ZipEntry", entry)
        packed = self._bytes(self.starts[listed.place], listed.packed)
        content = packed if listed.method == _STORED else _inflate(packed, listed)
        if len(content) != listed.size or zlib.crc32(content) != listed.crc:
            raise _damaged(listed.name)
        return content

    def _check_places(self, end: int) -> None:
        """Check each entry's own header, and that entries lie one after the other from byte 0."""
        free = 0
        for entry in sorted(self.entries, key=lambda entry: entry.place):
            if entry.place < free or (free == 0 and entry.place):
                raise BadArchive(
                    _("Entries of the archive overlap, or something lies before them.")
                )
            start = self._start(entry)
            free = start + entry.packed
            if free > end:
                raise _damaged(entry.name)
            self.starts[entry.place] = start
        if not self.entries and end:
            raise _cut_off()

    def _start(self, entry: ZipEntry) -> int:
        """Return where an entry's bytes begin, if its header says what the list says."""
        header = self._bytes(entry.place, _LOCAL.size)
        (sign, _needs, flags, method, _time, _date, crc, packed, size, name, extra) = _LOCAL.unpack(
            header
        )
        start = entry.place + _LOCAL.size
        says_same = (
            sign == b"PK\3\4"
            and self._bytes(start, name) == entry.raw_name
            and method == entry.method
            and (flags ^ entry.flags) & (_ENCRYPTED | _SIZES_FOLLOW | _PATCH) == 0
        )
        if says_same and not flags & _SIZES_FOLLOW:
            says_same = (
                crc == entry.crc
                and packed in {entry.packed, _IN_EXTRA}
                and size in {entry.size, _IN_EXTRA}
            )
        if not says_same:
            raise _damaged(entry.name)
        return int(start + name + extra)

    def _bytes(self, place: int, length: int) -> bytes:
        if place + length > self.size:
            raise _cut_off()
        self.file.seek(place)
        found = self.file.read(length)
        if len(found) != length:
            raise _cut_off()
        return found


@dataclass(frozen=True, kw_only=True)
class _End:
    """What the last record of the archive says of the list: entries, bytes, and its place."""

    count: int
    length: int
    place: int


def _find_end(file: BinaryIO, size: int) -> _End:
    length = min(size, _END.size + _LONGEST_COMMENT)
    file.seek(size - length)
    tail = file.read(length)
    at = tail.rfind(b"PK\5\6")
    if at < 0 or length - at < _END.size:
        raise _cut_off()
    _sign, *numbers, comment = _END.unpack_from(tail, at)
    if at + _END.size + comment != length:
        raise _cut_off()
    position = size - length + at
    locator = tail[max(0, at - _LOCATOR.size) : at]
    if locator.startswith(b"PK\6\7") and len(locator) == _LOCATOR.size:
        position -= _LOCATOR.size + _END64.size
        numbers = _end64(file, locator, position)
    disk, first_disk, count_here, count, bytes_, place = numbers
    if disk or first_disk or count_here != count:
        raise BadArchive(_("The archive is one part of several: bring it in one piece."))
    # The list ends where this record begins, and is as long as it needs to be.
    if place + bytes_ != position or bytes_ < count * _LISTED.size:
        raise _cut_off()
    return _End(count=count, length=bytes_, place=place)


def _end64(file: BinaryIO, locator: bytes, position: int) -> list[int]:
    _sign, disk, place, disks = _LOCATOR.unpack(locator)
    if disk or disks > 1:
        raise BadArchive(_("The archive is one part of several: bring it in one piece."))
    if place != position or position < 0:
        raise _cut_off()
    file.seek(position)
    record = file.read(_END64.size)
    if len(record) != _END64.size:
        raise _cut_off()
    sign, length, _made, _needs, *numbers = _END64.unpack(record)
    if sign != b"PK\6\6" or length != _END64.size - 12:
        raise _cut_off()
    return list(numbers)


def _listed(listing: bytes, count: int) -> Iterator[ZipEntry]:
    """Yield exactly ``count`` entries of a list that has nothing else in it."""
    at = 0
    for _number in range(count):
        if len(listing) - at < _LISTED.size:
            raise _cut_off()
        fields = _LISTED.unpack_from(listing, at)
        lengths = fields[10:13]
        at += _LISTED.size
        if fields[0] != b"PK\1\2" or len(listing) - at < sum(lengths):
            raise _cut_off()
        raw_name = listing[at : at + lengths[0]]
        extra = listing[at + lengths[0] : at + lengths[0] + lengths[1]]
        at += sum(lengths)
        yield _entry(fields, raw_name, extra)
    if at != len(listing):
        raise BadArchive(_("The archive holds more than it lists."))


def _entry(fields: tuple[int, ...], raw_name: bytes, extra: bytes) -> ZipEntry:
    flags, method, crc, packed, size = fields[3], fields[4], *fields[7:10]
    disk, attributes, place = fields[13], fields[15], fields[16]
    name = _name(raw_name, flags)
    size, packed, place = _true_numbers(name, extra, size, packed, place)
    entry = ZipEntry(
        name=name,
        size=size,
        raw_name=raw_name,
        flags=flags,
        method=method,
        crc=crc,
        packed=packed,
        place=place,
    )
    if disk:
        raise BadArchive(_("The archive is one part of several: bring it in one piece."))
    _check_kind(entry, attributes)
    return entry


def _check_kind(entry: ZipEntry, attributes: int) -> None:
    """Refuse what is not a plain file or folder, packed in the usual way."""
    name = {"name": shown(entry.name)}
    if entry.flags & _ENCRYPTED:
        raise BadArchive(_("%(name)s is encrypted: bring the archive without a password.") % name)
    kind = stat.S_IFMT(attributes >> 16)
    special = attributes & (_LABEL | _REPARSE_POINT)
    if kind not in {0, stat.S_IFREG, stat.S_IFDIR} or special:
        raise BadArchive(_("%(name)s is a link or another special file.") % name)
    if entry.method not in {_STORED, _DEFLATED} or entry.flags & _PATCH:
        raise BadArchive(_("%(name)s is compressed in a way that is not read here.") % name)
    if (entry.is_folder and entry.size) or (kind == stat.S_IFDIR and not entry.is_folder):
        raise _damaged(entry.name)
    _check_growth(entry)


def _check_growth(entry: ZipEntry) -> None:
    if entry.method == _STORED and entry.packed != entry.size:
        raise _damaged(entry.name)
    if entry.size > _SMALL and entry.size > _HIGHEST_RATIO * entry.packed:
        raise BadArchive(
            _("%(name)s would grow too much when it is unpacked.") % {"name": shown(entry.name)}
        )


def _name(raw: bytes, flags: int) -> str:
    """Return an entry's name; macOS writes UTF-8 without saying so."""
    if not 0 < len(raw) <= _LONGEST_NAME:
        raise BadArchive(_("An entry of the archive has no name, or one that is too long."))
    try:
        return raw.decode()
    except UnicodeDecodeError as error:
        if flags & _UTF8:
            raise BadArchive(_("An entry's name is not valid Unicode.")) from error
        return raw.decode("cp437")


def _true_numbers(name: str, extra: bytes, *numbers: int) -> list[int]:
    """Return size, packed size and place, those from the zip64 field where the list says so."""
    missing = numbers.count(_IN_EXTRA)
    if not missing:
        return list(numbers)
    field = _extra_field(extra, 1)
    if field is None or len(field) < 8 * missing:
        raise _damaged(name)
    true = iter(struct.unpack_from(f"<{missing}Q", field))
    return [next(true) if number == _IN_EXTRA else number for number in numbers]


def _extra_field(extra: bytes, wanted: int) -> bytes | None:
    at = 0
    while len(extra) - at >= 4:
        number, length = struct.unpack_from("<2H", extra, at)
        at += 4
        if number == wanted:
            return extra[at : at + length]
        at += length
    return None


def _inflate(packed: bytes, entry: ZipEntry) -> bytes:
    """Unpack what must be exactly ``entry.size`` bytes, and never more than one beyond."""
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        content = inflate.decompress(packed, entry.size + 1)
    except zlib.error as error:
        raise _damaged(entry.name) from error
    if not inflate.eof or inflate.unused_data or inflate.unconsumed_tail:
        raise _damaged(entry.name)
    return content


def shown(name: str) -> str:
    """Return a name as a sentence may repeat it."""
    return name[:80].encode("unicode_escape", "backslashreplace").decode("ascii")


def too_large(limit: int) -> BadArchive:
    return BadArchive(
        _("That is too much: at most %(limit)s bytes are taken in.") % {"limit": limit},
        limit=limit,
    )


def _cut_off() -> BadArchive:
    return BadArchive(_("This is not a ZIP archive, or it is damaged or cut off."))


def _damaged(name: str) -> BadArchive:
    return BadArchive(
        _("%(name)s is damaged: the archive says one thing of it and holds another.")
        % {"name": shown(name)}
    )
