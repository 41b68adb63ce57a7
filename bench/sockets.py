"""Sockets of clients that read and do nothing else, as cheap as Python has them."""

import asyncio
import base64
import time
from collections.abc import Callable
from typing import cast

ACCEPTED = b" 101 "
PING, PONG, MASKED = 0x89, 0x8A, 0x80


class Reader(asyncio.Protocol):
    """One client: notes when a frame that holds a mark arrives."""

    def __init__(self, port: int, path: str, cookie: str, arrived: Callable[[float], None]) -> None:
        self._head = "\r\n".join(
            (
                f"GET {path} HTTP/1.1",
                f"Host: 127.0.0.1:{port}",
                f"Origin: http://127.0.0.1:{port}",
                f"Cookie: {cookie}",
                "Upgrade: websocket",
                "Connection: Upgrade",
                f"Sec-WebSocket-Key: {base64.b64encode(b'0123456789abcdef').decode()}",
                "Sec-WebSocket-Version: 13",
                "\r\n",
            )
        )
        self._arrived = arrived
        self._kept = b""
        self.mark = b'"type":"hello"'
        self._is_accepted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._head.encode())

    def data_received(self, data: bytes) -> None:
        self._kept += data
        if not self._is_accepted:
            head, end, rest = self._kept.partition(b"\r\n\r\n")
            if not end or ACCEPTED not in head:
                return
            self._is_accepted, self._kept = True, rest
        while (frame := self._next_frame()) is not None:
            opcode, payload = frame
            if opcode == PING:  # a client that does not answer is cut off
                self._transport.write(bytes([PONG, MASKED | len(payload), 0, 0, 0, 0]) + payload)
            elif self.mark in payload:
                self._arrived(time.perf_counter())

    def _next_frame(self) -> tuple[int, bytes] | None:
        """Take one frame out of what was kept: servers send them whole and without a mask."""
        if len(self._kept) < 4:
            return None
        length, begin = self._kept[1], 2
        if length == 126:
            length, begin = int.from_bytes(self._kept[2:4]), 4
        if len(self._kept) < begin + length:
            return None
        frame = self._kept[0], self._kept[begin : begin + length]
        self._kept = self._kept[begin + length :]
        return frame

    def close(self) -> None:
        self._transport.close()


class Crowd:
    """Many clients of one address, in the running loop."""

    def __init__(self) -> None:
        self._readers: list[Reader] = []
        self._times: list[float] = []
        self._all_there = asyncio.Event()

    async def connect(self, port: int, path: str, cookies: list[str], *, mark: bytes) -> None:
        """Open a socket for each cookie, some at a time, and wait for the first frame of each."""
        loop = asyncio.get_running_loop()
        for begin in range(0, len(cookies), 50):
            expected = self._expect(mark, begin + len(cookies[begin : begin + 50]))
            self._times = [0.0] * begin
            for cookie in cookies[begin : begin + 50]:
                reader = Reader(port, path, cookie, self._note)
                reader.mark = mark
                self._readers.append(reader)
                await loop.create_connection(lambda one=reader: one, "127.0.0.1", port)  # type: ignore[misc]
            await asyncio.wait_for(expected.wait(), 60)

    def expect(self, mark: bytes) -> None:
        """Wait for a frame with this mark from now on."""
        self._expect(mark, len(self._readers))

    async def times(self, *, within: float = 30) -> list[float]:
        """Return when each client had it.

        Raises:
            TimeoutError: a client never got it.
        """
        await asyncio.wait_for(self._all_there.wait(), within)
        return self._times

    def so_far(self) -> list[float]:
        """Return when those clients had it that have it."""
        return self._times

    def _expect(self, mark: bytes, count: int) -> asyncio.Event:
        self._times, self._count = [], count
        self._all_there = asyncio.Event()
        for reader in self._readers:
            reader.mark = mark
        return self._all_there

    def _note(self, at: float) -> None:
        self._times.append(at)
        if len(self._times) >= self._count:
            self._all_there.set()

    def close(self) -> None:
        for reader in self._readers:
            reader.close()
