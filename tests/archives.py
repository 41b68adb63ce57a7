"""ZIPs made by hand, so that each may lie in its own way."""

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

REGULAR = 0o100644


@dataclass(kw_only=True)
class Packed:
    """One entry; what is not given is true. ``listed`` and ``local`` override what each says."""

    name: bytes
    content: bytes = b"text\n"
    method: int = 8
    mode: int = REGULAR
    attributes: int = 0
    flags: int = 0x800
    extra: bytes = b""
    before: bytes = b""
    after: bytes = b""
    data: bytes | None = None
    listed: dict[str, Any] = field(default_factory=dict)
    local: dict[str, Any] = field(default_factory=dict)

    def packed(self) -> bytes:
        if self.data is not None:
            return self.data
        return deflated(self.content) if self.method == 8 else self.content

    def says(self, changes: dict[str, Any]) -> dict[str, Any]:
        said = {
            "name": self.name,
            "flags": self.flags,
            "method": self.method,
            "crc": zlib.crc32(self.content),
            "packed": len(self.packed()),
            "size": len(self.content),
            "extra": self.extra,
        }
        return said | changes

    def header(self) -> bytes:
        said = self.says(self.local)
        numbers = (said["crc"], said["packed"], said["size"], len(said["name"]), len(said["extra"]))
        fixed = struct.pack(
            "<4s5H3L2H", b"PK\3\4", 20, said["flags"], said["method"], 0, 33, *numbers
        )
        return bytes(fixed + said["name"] + said["extra"])

    def listing(self, place: int) -> bytes:
        said = {"disk": 0, "place": place, **self.says(self.listed)}
        fixed = struct.pack(
            "<4s6H3L5H2L",
            *(b"PK\1\2", 3 << 8 | 20, 20, said["flags"], said["method"], 0, 33),
            *(said["crc"], said["packed"], said["size"], len(said["name"]), len(said["extra"])),
            *(0, said["disk"], 0, self.mode << 16 | self.attributes, said["place"]),
        )
        return bytes(fixed + said["name"] + said["extra"])


def pack(
    entries: Sequence[Packed],
    *,
    prefix: bytes = b"",
    comment: bytes = b"",
    after: bytes = b"",
    end64: bytes = b"",
    **end: int,
) -> bytes:
    """Return an archive; ``end`` overrides numbers of its last record."""
    body, listing = bytearray(prefix), b""
    for entry in entries:
        body += entry.before
        listing += entry.listing(len(body))
        body += entry.header() + entry.packed() + entry.after
    numbers = {
        "disk": 0,
        "first_disk": 0,
        "here": len(entries),
        "count": len(entries),
        "length": len(listing),
        "place": len(body),
        "comment": len(comment),
    } | end
    last = struct.pack("<4s4H2LH", b"PK\5\6", *numbers.values())
    return bytes(body) + listing + end64 + last + comment + after


def deflated(content: bytes) -> bytes:
    """Return ``content`` as a ZIP holds it."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()


def zip_of(files: dict[str, bytes | str]) -> bytes:
    """Return an honest archive."""
    return pack(
        [
            Packed(name=name.encode(), content=text.encode() if isinstance(text, str) else text)
            for name, text in files.items()
        ]
    )


REQUEST = Packed(name=b"demande.md", content=b"Write a guide.\n")
_BOMB = b"\0" * 1_000_000


def _with(*entries: Packed, **options: Any) -> bytes:
    return pack([REQUEST, *entries], **options)


def _named(name: bytes, **options: Any) -> bytes:
    return _with(Packed(name=name, **options))


def _zip64_end(count: int, length: int, place: int, *, at: int, disks: int = 1) -> bytes:
    record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, length, place)
    return record + struct.pack("<4sLQL", b"PK\6\7", 0, at, disks)


def with_zip64_end(*, lie: int = 0, disks: int = 1) -> bytes:
    """Return an archive that ends as large ones do; ``lie`` is added to its number of entries."""
    plain = pack([REQUEST])
    length, place = struct.unpack_from("<2L", plain, len(plain) - 10)
    at = place + length
    end64 = _zip64_end(1 + lie, length, place, at=at, disks=disks)
    return pack([REQUEST], end64=end64, here=0xFFFF, count=0xFFFF, place=0xFFFFFFFF)


def _overlapping() -> bytes:
    """Return entries that share one kernel of bytes: a bomb that quotes itself."""
    kernel = Packed(name=b"a.md", content=b"x" * 50_000)
    return pack([REQUEST, kernel, Packed(name=b"a.md", data=b"", listed={"place": 0})])


def _quoting() -> bytes:
    """Return an entry whose stored bytes are the header of the next one."""
    inner = Packed(name=b"b.md", content=b"y" * 1000)
    quoted = inner.header()
    outer = Packed(name=b"a.md", method=0, content=quoted + inner.packed())
    place = len(REQUEST.header() + REQUEST.packed() + outer.header())
    lying = Packed(name=b"b.md", content=inner.content, listed={"place": place})
    body = pack([REQUEST, outer])
    listing = REQUEST.listing(0) + outer.listing(len(REQUEST.header() + REQUEST.packed()))
    listing += lying.listing(place)
    start = len(body) - 22 - (len(listing) - len(lying.listing(place)))
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, len(listing), start, 0)
    return body[:start] + listing + end


_PLAIN = pack([REQUEST])
_ZIP64_FIELD = struct.pack("<2HQ", 1, 8, 2**60)
_SHORT_FIELD = struct.pack("<2HL", 1, 4, 5)

HOSTILE: dict[str, bytes] = {
    # names
    "absolute name": _named(b"/etc/passwd.md"),
    "parent folder": _named(b"../outside.md"),
    "parent folder inside": _named(b"a/../../outside.md"),
    "parent folder of a picture": _named(b"../outside.png"),
    "here folder": _named(b"./a.md"),
    "empty part": _named(b"a//b.md"),
    "drive letter": _named(b"C:/windows/a.md"),
    "drive letter without a slash": _named(b"c:a.md"),
    "backslash": _named(b"a\\b.md"),
    "backslash parent": _named(b"..\\outside.md"),
    "share of a network": _named(b"//host/share/a.md"),
    "NUL in a name": _named(b"a.md\0.png"),
    "line end in a name": _named(b"a\nb.md"),
    "escape sequence in a name": _named(b"\x1b[2J.png"),
    "turned reading direction": _named("a\u202edm.png".encode()),
    "no name": _named(b""),
    "long name": _named(b"a" * 2000 + b".md"),
    "name that is not Unicode": _named(b"\xff\xfe.md"),
    "name too long for a mission": _named(b"a" * 240 + b".md"),
    "deep folders": _named(b"a/" * 20 + b"b.md"),
    "reserved name": _named(b"con.md"),
    "sign that no mission has": _named(b"a|b.md"),
    "folder named like a file": _named(b"a.md/b.md"),
    "same name twice": _with(Packed(name=b"a.md"), Packed(name=b"a.md")),
    "second request": _named(b"demande.md"),
    "same but for case": _with(Packed(name=b"a.md"), Packed(name=b"A.md")),
    "folders same but for case": _with(Packed(name=b"x/a.md"), Packed(name=b"X/b.md")),
    "same but for Unicode form": _with(
        Packed(name="é.md".encode()), Packed(name="e\u0301.md".encode())
    ),
    # kinds
    "symbolic link": _named(b"a.md", content=b"/etc/passwd", mode=0o120777),
    "symbolic link to a picture": _named(b"a.png", content=b"/etc/passwd", mode=0o120777),
    "device": _named(b"a.md", mode=0o020666),
    "FIFO": _named(b"a.md", mode=0o010644),
    "reparse point": _named(b"a.md", attributes=0x400),
    "volume label": _named(b"a.md", attributes=0x08),
    "folder without its slash": _named(b"a.md", mode=0o040755),
    "folder with bytes": _named(b"a/", content=b"hidden"),
    "encrypted": _named(b"a.md", flags=0x801),
    "strongly encrypted": _named(b"a.md", flags=0x841),
    "encrypted list": _named(b"a.md", flags=0x2800),
    "encrypted, says its header only": _named(b"a.md", local={"flags": 0x801}),
    "other compression": _named(b"a.md", method=14),
    "patch": _named(b"a.md", flags=0x820),
    "archive within": _named(b"inner.zip", content=_PLAIN),
    "tar within": _named(b"inner.tar.gz"),
    # sizes
    "bomb": _named(b"a.md", content=_BOMB),
    "bomb that lies": _named(b"a.md", content=_BOMB, listed={"size": 10}, local={"size": 10}),
    "bomb that lies with a true sum": _named(
        b"a.md",
        content=_BOMB,
        listed={"size": 10, "crc": zlib.crc32(_BOMB[:10])},
        local={"size": 10, "crc": zlib.crc32(_BOMB[:10])},
    ),
    "less than it says": _named(b"a.md", listed={"size": 50}, local={"size": 50}),
    "file too large": _named(b"a.md", method=0, content=b"a\n" * 600_000),
    "stored, two sizes": _named(b"a.md", method=0, listed={"size": 3}, local={"size": 3}),
    "two sizes": _named(b"a.md", local={"size": 3}),
    "zip64 size without end": _named(
        b"a.md", listed={"size": 0xFFFFFFFF, "extra": _ZIP64_FIELD}
    ),
    "zip64 field that is missing": _named(b"a.md", listed={"size": 0xFFFFFFFF}),
    "zip64 field that is short": _named(
        b"a.md", listed={"size": 0xFFFFFFFF, "extra": _SHORT_FIELD}
    ),
    "zip64 place outside": _named(
        b"a.md", listed={"place": 0xFFFFFFFF, "extra": _ZIP64_FIELD}
    ),
    "zip64 end that lies": with_zip64_end(lie=3),
    "zip64 end on two disks": with_zip64_end(disks=2),
    "zip64 end elsewhere": _with(end64=_zip64_end(1, 50, 0, at=7)),
    "too many entries": pack([Packed(name=b"%d.png" % number) for number in range(10_001)]),
    "too many entries, says one": pack(
        [Packed(name=b"%d.png" % number) for number in range(10_001)], here=1, count=1
    ),
    "too many files": _with(*(Packed(name=b"%d.md" % number) for number in range(2001))),
    # bytes
    "wrong sum": _named(b"a.md", listed={"crc": 1}, local={"crc": 1}),
    "two sums": _named(b"a.md", local={"crc": 1}),
    "two names": _named(b"a.md", local={"name": b"b.md"}),
    "two methods": _named(b"a.md", local={"method": 0}),
    "broken stream": _named(b"a.md", data=b"\xff" * 20),
    "stream that does not end": _named(b"a.md", data=deflated(b"text\n")[:-2]),
    "bytes after the stream": _named(b"a.md", data=deflated(b"text\n") + b"more"),
    "not UTF-8": _named(b"a.md", content=b"\xff\xfeh\0i\0"),
    "NUL in a text": _named(b"a.md", content=b"a\0b\n"),
    "line without end": _named(b"a.md", method=0, content=b"x" * 30_000),
    # layout
    "nothing": b"",
    "no archive": b"Hello.\n" * 100,
    "page of HTML": b"<html>PK</html>",
    "only an end": struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, 46, 0, 0),
    "cut off": _PLAIN[:-10],
    "start cut off": _PLAIN[10:],
    "data before": _with(prefix=b"#!/bin/sh\n"),
    "data before, places moved": b"#!/bin/sh\n" + _PLAIN,
    "data after": _with(after=b"more"),
    "comment that is an end": _with(comment=_PLAIN[-22:]),
    "comment longer than it says": _with(comment=b"hello", after=b"x"),
    "two archives": _PLAIN + _PLAIN,
    "several disks": _with(disk=1),
    "list on another disk": _with(first_disk=1),
    "entry on another disk": _named(b"a.md", listed={"disk": 1}),
    "counts that differ": _with(here=1, count=2),
    "lists fewer": _with(Packed(name=b"a.md"), here=1, count=1),
    "lists more": _with(here=2, count=2),
    "list elsewhere": _with(place=0),
    "place outside": _named(b"a.md", listed={"place": 2**31}),
    "place inside another": _named(b"a.md", listed={"place": 3}),
    "overlapping": _overlapping(),
    "quoting": _quoting(),
    "bytes beyond the list": _named(b"a.md", listed={"packed": 10_000}, local={"packed": 10_000}),
}  # fmt: skip
