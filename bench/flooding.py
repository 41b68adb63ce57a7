"""People who ask a server over connections that stay open, each as often as they are told."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Seen:
    """What some people were answered, and after how many milliseconds each time."""

    statuses: Counter[int] = field(default_factory=Counter)
    taken: list[float] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Somebody with a key who asks at one route, ``pause`` seconds after they asked last."""

    port: int
    key: str
    route: str
    pause: float

    async def ask(self, seen: Seen, *, until: float, starts_after: float = 0.0) -> None:
        """Ask until then; a connection that the server ends is made anew."""
        await asyncio.sleep(starts_after)
        while time.monotonic() < until:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                await self._ask_on(reader, writer, seen, until=until)
            finally:
                writer.close()

    async def _ask_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        seen: Seen,
        *,
        until: float,
    ) -> None:
        head = f"GET {self.route} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {self.key}"
        request = f"{head}\r\n\r\n".encode()
        due, is_open = time.monotonic(), True
        while is_open and time.monotonic() < until:
            began = time.perf_counter()
            writer.write(request)
            status, is_open = await _answer(reader)
            seen.statuses[status] += 1
            seen.taken.append((time.perf_counter() - began) * 1000)
            due += self.pause
            await asyncio.sleep(due - time.monotonic())


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bool]:
    """Read one answer whole; return its status, and whether another may follow."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {
        name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])
    }
    await reader.readexactly(int(headers["content-length"]))
    return int(head[0].split()[1]), headers.get("connection", "").lower() != "close"


async def crowd(callers: list[Caller], seen: Seen, *, seconds: float) -> None:
    """Let all of them ask for so long, each from a moment of their own."""
    until = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for number, caller in enumerate(callers):
            start = caller.pause * number / len(callers)
            group.create_task(caller.ask(seen, until=until, starts_after=start))
