"""Cached reads of contents: memory, then Redis, then the store on disk.

A content is kept under the hash of its bytes. A file that changes has another hash, so that a
cached content is valid by construction: there is no version to compare and nothing to invalidate,
and what belongs to no file any more is simply forgotten after ``PARALLAGON_CACHE_SECONDS``.

Memory keeps decoded texts, which is what readers ask for. Redis keeps the bytes that lie on disk,
compressed already. What comes from Redis or from disk is hashed before anyone gets it.
"""

import contextlib
import sys
from collections.abc import Iterable
from functools import cache, partial

from django.conf import settings

from missions.content import TextContent, decode, encode
from missions.storage import BlobStore
from parallagon.core.cache import Background, Level, MemoryCache, SharedCache
from parallagon.core.errors import FileOperationError

NAME = "contents"
LARGEST_SHARED = 512 * 1024  # bytes, compressed
_MOST_WAITING = 500
_BYTES_AN_ENDING = 64


@cache
def memory() -> MemoryCache[TextContent]:
    """Return what this process remembers."""
    return MemoryCache(
        NAME,
        most_bytes=settings.PARALLAGON_CACHE_BYTES,
        seconds=settings.PARALLAGON_CACHE_SECONDS,
        size_of=size_of,
    )


@cache
def shared() -> SharedCache:
    """Return what all processes share."""
    return SharedCache(NAME, largest=LARGEST_SHARED)


@cache
def background() -> Background:
    """Return the thread that warms, and that writes to Redis so that nobody waits for it."""
    return Background("cache", most=_MOST_WAITING)


def size_of(content: TextContent) -> int:
    """Return about how many bytes of memory a decoded text takes."""
    return sys.getsizeof(content.text) + _BYTES_AN_ENDING * len(content.endings)


class CachedStore(BlobStore):
    """The store of contents, read through the caches and written through to them.

    Every content is text: whatever lands was checked.
    """

    def __init__(
        self,
        memory_level: MemoryCache[TextContent] | None = None,
        shared_level: SharedCache | None = None,
    ) -> None:
        self._memory = memory_level or memory()
        self._shared = shared_level or shared()
        self._disk = Level(NAME, "disk")

    def put(self, content: bytes) -> str:
        """Keep ``content``, durably, and have it at hand for whoever reads it next."""
        name = super().put(content)
        self._memory.put(name, decode(content))
        background().hand_over(partial(self._share, name))
        return name

    def get(self, name: str) -> bytes:
        content = self.text(name)
        return encode(content.text, like=content)

    def text(self, name: str) -> TextContent:
        return self._memory.get(name, partial(self._load, name))

    def warm(self, names: Iterable[str]) -> None:
        """Read contents that someone will ask for, in the background; returns at once."""
        cold = [name for name in names if name not in self._memory]
        if cold:
            background().hand_over(partial(self._warm, cold))

    def _warm(self, names: Iterable[str]) -> None:
        """Read until half of what memory may hold is new: the rest stays for what is in use."""
        room = settings.PARALLAGON_CACHE_BYTES // 2
        for name in names:
            with contextlib.suppress(FileOperationError):  # told to whoever asks for it
                room -= size_of(self.text(name))
            if room <= 0:
                return

    def _load(self, name: str) -> TextContent:
        content = self._from_redis(name)
        return self._from_disk(name) if content is None else content

    def _from_redis(self, name: str) -> TextContent | None:
        packed = self._shared.get(name)
        if packed is None:
            self._shared.level.miss()
            return None
        try:
            content = decode(self.unpack(name, packed))
        except FileOperationError:
            self._shared.level.fault()
            self._shared.remove(name)
            return None
        self._shared.level.hit(len(packed))
        return content

    def _from_disk(self, name: str) -> TextContent:
        try:
            packed = self.packed(name)
            content = decode(self.unpack(name, packed))
        except FileOperationError:
            self._disk.fault()
            raise
        self._disk.hit(len(packed))
        background().hand_over(partial(self._shared.put, name, packed))
        return content

    def _share(self, name: str) -> None:
        self._shared.put(name, self.packed(name))
