"""Answers that are sent while they are made."""

from collections.abc import AsyncIterator, Iterator
from typing import BinaryIO

from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.http import content_disposition_header, parse_etags

_FORBIDDEN = frozenset('/\\:*?"<>|')
_LONGEST_NAME = 80
_PIECE = 64 * 1024


class Download(StreamingHttpResponse):
    """A file made of pieces, one in memory at a time; no piece is empty.

    Under ASGI, Django would first collect all that an ordinary iterator gives. Here each piece
    is made in the request's thread, when the one before it has left.
    """

    def __init__(self, pieces: Iterator[bytes], *, name: str, content_type: str, tag: str) -> None:
        super().__init__(pieces, content_type=content_type)
        self.pieces = pieces
        self["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
        self["Cache-Control"] = "private, no-cache"
        self["ETag"] = tag

    async def __aiter__(self) -> AsyncIterator[bytes]:
        take = sync_to_async(lambda: next(self.pieces, b""))
        while piece := await take():
            yield piece


class FilePieces:
    """The bytes of an open file, which is closed with the answer, sent or not."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.close = file.close

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        if piece := self.file.read(_PIECE):
            return piece
        raise StopIteration


def is_known(request: HttpRequest, tag: str) -> bool:
    """Return whether the caller has what ``tag`` stands for (``If-None-Match``)."""
    given = parse_etags(request.headers.get("If-None-Match", ""))
    return "*" in given or tag.removeprefix("W/") in {one.removeprefix("W/") for one in given}


def not_modified(tag: str) -> HttpResponse:
    """Answer someone who has it already."""
    return HttpResponse(status=304, headers={"ETag": tag, "Cache-Control": "private, no-cache"})


def file_name(title: str, ending: str) -> str:
    """Return a name for a file that every system takes, made from what people call it."""
    signs = (" " if sign in _FORBIDDEN or not sign.isprintable() else sign for sign in title)
    name = " ".join("".join(signs).split())[:_LONGEST_NAME].strip(" .")
    return f"{name or 'mission'}{ending}"
