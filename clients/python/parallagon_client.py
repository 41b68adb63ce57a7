"""Follow a Parallagon mission from Python: every event once, in order, whatever the network does.

One file to copy; it needs aiohttp only::

    async with Client("http://127.0.0.1:8000", token=access_token) as client:
        async for event in client.follow(mission=1, after=0, types=["file.changed"]):
            print(event["seq"], event["data"]["path"])

Events come by the live socket. Where no socket can be had, or it does not know who asks, the same
events are polled, and a socket is tried for again now and then.
"""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator, Iterable
from typing import Any, Self

import aiohttp

SILENCE_SECONDS = 40  # heartbeats come every 15
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 30.0
POLL_SECONDS = 20
SOCKET_AGAIN_SECONDS = 60
FAILURES_BEFORE_POLLING = 3

Event = dict[str, Any]


class Refused(Exception):  # noqa: N818 - says what happened
    """The server does not let this person follow the mission; trying again would not help."""


class _Cut(Exception):  # noqa: N818
    """The socket is gone; another one may be had."""


class _NoSocket(Exception):  # noqa: N818
    """The socket does not know who asks, but the feed may."""


class Client:
    """Speaks to one installation as one person.

    Args:
        base_url: where it is, such as ``https://parallagon.example.org``.
        token: an access token (``POST /api/v1/auth/token``).
        cookie: instead of it, the session cookie of a browser, as ``name=value``.
    """

    def __init__(self, base_url: str, *, token: str = "", cookie: str = "") -> None:
        self._base = base_url.rstrip("/")
        self._headers = {"Origin": self._base}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"
        if cookie:
            self._headers["Cookie"] = cookie

    async def __aenter__(self) -> Self:
        self._http = aiohttp.ClientSession(headers=self._headers)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.close()

    async def follow(
        self,
        *,
        mission: int,
        after: int,
        types: Iterable[str] = (),
        files: Iterable[str] = (),
    ) -> AsyncIterator[Event]:
        """Give the numbered events after ``after``, for ever.

        An event of the type ``resync`` says that too much was missed: read the mission again; what
        follows its number comes by itself. To go on later, keep the last ``seq``.

        Raises:
            Refused: the mission is not there for this person, or no longer.
        """
        place = _Place(mission, after, types, files)
        failures = 0
        while True:
            until = SOCKET_AGAIN_SECONDS if failures >= FAILURES_BEFORE_POLLING else 0.0
            try:
                if until:
                    async for event in self._poll(place, seconds=until):
                        yield event
                async for event in self._listen(place):
                    failures = 0
                    yield event
            except _NoSocket:
                failures = FAILURES_BEFORE_POLLING
            except (_Cut, aiohttp.ClientError, TimeoutError, OSError):
                failures += 1
                if failures < FAILURES_BEFORE_POLLING:
                    await asyncio.sleep(_pause(failures))

    async def _listen(self, place: "_Place") -> AsyncIterator[Event]:
        """Give what one socket brings, until it is cut."""
        url = f"{self._base}/ws/v1/missions/{place.mission}/"
        opening = self._http.ws_connect(url, params=place.query(), max_msg_size=0)
        async with opening as socket:
            while True:
                message = await socket.receive(timeout=SILENCE_SECONDS)
                if message.type is not aiohttp.WSMsgType.TEXT:
                    raise _end_of(socket.close_code)
                for event in place.take(json.loads(message.data)):
                    yield event

    async def _poll(self, place: "_Place", *, seconds: float) -> AsyncIterator[Event]:
        """Give what the feed brings for so long."""
        end = time.monotonic() + seconds
        failures = 0
        while time.monotonic() < end:
            try:
                answer = await self._ask(place)
            except (aiohttp.ClientError, TimeoutError, OSError):
                failures += 1
                await asyncio.sleep(_pause(failures))
                continue
            failures = 0
            if answer["must_resync"]:
                yield place.begin_again(answer["seq"])
            for event in answer["results"]:
                place.seq = event["seq"]
                yield event
            place.seq = answer["seq"]

    async def _ask(self, place: "_Place") -> dict[str, Any]:
        query = {**place.query(), "mission": str(place.mission), "wait": str(POLL_SECONDS)}
        limit = aiohttp.ClientTimeout(total=POLL_SECONDS + 15)
        url = f"{self._base}/api/v1/changes"
        async with self._http.get(url, params=query, timeout=limit) as response:
            if response.status in {401, 403, 404, 422}:
                problem: dict[str, Any] = {}
                with contextlib.suppress(aiohttp.ClientError, ValueError):
                    problem = await response.json(content_type=None)
                raise Refused(problem.get("detail") or f"HTTP {response.status}")
            response.raise_for_status()
            answer: dict[str, Any] = await response.json()
            return answer


class _Place:
    """How far a mission has been followed."""

    def __init__(
        self, mission: int, after: int, types: Iterable[str], files: Iterable[str]
    ) -> None:
        self.mission = mission
        self.seq = after
        self._filter = {"types": ",".join(types), "files": ",".join(files)}

    def query(self) -> dict[str, str]:
        chosen = {name: value for name, value in self._filter.items() if value}
        return {"after": str(self.seq), **chosen}

    def take(self, frame: Event) -> list[Event]:
        """Return the events in a frame: itself, or nothing when it only moves the number on.

        Raises:
            _Cut: something is missing before it, which a new socket brings.
        """
        if frame["type"] == "resync":
            return [self.begin_again(frame["data"]["seq"])]
        if frame["type"] == "heartbeat":
            self._go_on(frame["data"].get("covers", self.seq + 1), frame["data"]["seq"])
            return []
        seq: int | None = frame["seq"]
        if seq is None or seq <= self.seq:
            return []
        self._go_on(frame.get("covers", seq), seq)
        return [frame]

    def _go_on(self, first: int, last: int) -> None:
        if last <= self.seq:
            return
        if first > self.seq + 1:
            raise _Cut
        self.seq = last

    def begin_again(self, seq: int) -> Event:
        self.seq = seq
        return {"v": 1, "type": "resync", "seq": None, "at": None, "data": {"seq": seq}}


def _end_of(code: int | None) -> Exception:
    if code == 4401:
        return _NoSocket()
    if code in {4400, 4403, 4404}:
        return Refused(f"The server closed the socket with {code}.")
    return _Cut()


def _pause(failures: int) -> float:
    """Return seconds until the next try: doubled each time, half of it by chance."""
    full = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(failures - 1, 10))
    return full / 2 + random.random() * full / 2  # noqa: S311 - no secret
