"""Opening a socket without a cookie, and what ends one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.utils import timezone
from rest_framework.test import APIClient
from rest_framework_simplejwt.tokens import AccessToken

from missions.models import Mission
from parallagon.accounts.models import SocketTicket, User
from parallagon.accounts.services import CreateKey, MakeTicket, RevokeKey, SetPassword
from parallagon.asgi import application
from parallagon.core import stays
from parallagon.core.subprotocols import MARKER
from tests.events.conftest import Socket, address
from tests.sockets import SocketClient

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask at once, again and again, whether a socket is still signed in."""
    monkeypatch.setattr(stays, "RECHECK_SECONDS", 0.01)


@asynccontextmanager
async def opened(
    mission: Mission, *offered: str, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> AsyncIterator[Socket]:
    """Open a socket as a program does, through the whole door."""
    communicator = SocketClient(
        application,
        address(mission),
        headers=[(b"host", b"127.0.0.1"), *headers],
        subprotocols=list(offered),
    )
    is_accepted, echoed = await communicator.connect(timeout=5)
    assert is_accepted
    assert echoed == (MARKER if MARKER in offered else None)
    try:
        yield Socket(communicator)
    finally:
        await communicator.disconnect()


async def made_key(user: User, *scopes: str, ends_in: timedelta | None = None) -> Any:
    now = timezone.now()
    ends = now + ends_in if ends_in else None
    make = CreateKey(user=user, name="k", scopes=scopes, expires_at=ends, now=now)
    return await sync_to_async(make.execute)()


class TestTicket:
    def ticket(self, client: APIClient) -> str:
        answer = client.post("/api/v1/auth/socket-ticket/")
        assert (answer.status_code, answer.json()["expires_in"]) == (201, 30)
        return f"ticket.{answer.json()['ticket']}"

    async def test_opens_one_socket(self, mission: Mission, owner: User) -> None:
        client = APIClient()
        await sync_to_async(client.force_login)(owner)
        ticket = await sync_to_async(self.ticket)(client)

        async with opened(mission, MARKER, ticket) as socket:
            assert (await socket.frame())["type"] == "hello"
        async with opened(mission, MARKER, ticket) as again:
            assert await again.close_code() == 4401

    async def test_is_good_for_a_short_time(self, mission: Mission, owner: User) -> None:
        long_ago = timezone.now() - timedelta(seconds=31)
        secret = await sync_to_async(MakeTicket(user=owner, now=long_ago).execute)()

        async with opened(mission, MARKER, f"ticket.{secret}") as socket:
            assert await socket.close_code() == 4401

    async def test_ends_with_its_session(self, mission: Mission, owner: User) -> None:
        client = APIClient()
        await sync_to_async(client.force_login)(owner)
        ticket = await sync_to_async(self.ticket)(client)

        async with opened(mission, MARKER, ticket) as socket:
            assert (await socket.frame())["type"] == "hello"
            await sync_to_async(SetPassword(user=owner, password="another-horse-8").execute)()

            assert await socket.close_code() == 4401

    async def test_of_a_token_ends_with_it(self, mission: Mission, owner: User) -> None:
        token = await sync_to_async(AccessToken.for_user)(owner)
        client = APIClient()
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")

        await sync_to_async(self.ticket)(client)

        ticket = await SocketTicket.objects.aget()
        assert ticket.ends_at is not None
        assert ticket.ends_at.timestamp() == token["exp"]

    async def test_keeps_its_secret_out_of_the_database(self, owner: User) -> None:
        secret = await sync_to_async(MakeTicket(user=owner, now=timezone.now()).execute)()

        assert secret not in str(await SocketTicket.objects.values().aget())


class TestBearer:
    async def test_opens_with_an_access_token(self, mission: Mission, owner: User) -> None:
        token = await sync_to_async(AccessToken.for_user)(owner)

        async with opened(mission, MARKER, f"bearer.{token}") as socket:
            assert (await socket.frame())["type"] == "hello"

    async def test_ends_with_the_token(self, mission: Mission, owner: User) -> None:
        token = await sync_to_async(AccessToken.for_user)(owner)
        token.set_exp(lifetime=timedelta(seconds=1))

        async with opened(mission, MARKER, f"bearer.{token}") as socket:
            codes = [frame async for frame in _until_closed(socket)]

        assert codes[-1] == 4401

    async def test_ends_when_a_key_is_revoked(self, mission: Mission, owner: User) -> None:
        made = await made_key(owner, "read")

        async with opened(mission, MARKER, f"bearer.{made.secret}") as socket:
            assert (await socket.frame())["type"] == "hello"
            await sync_to_async(RevokeKey(key=made.key, now=timezone.now()).execute)()

            assert await socket.close_code() == 4401

    async def test_needs_a_key_that_reads(self, mission: Mission, owner: User) -> None:
        made = await made_key(owner, "write", "control", "admin")

        async with opened(mission, MARKER, f"bearer.{made.secret}") as socket:
            assert await socket.close_code() == 4401

    @pytest.mark.parametrize("offered", ["bearer.", "bearer.pk_x", "bearer.a.b.c", "ticket.x"])
    async def test_of_nobody_is_refused(self, mission: Mission, offered: str) -> None:
        async with opened(mission, MARKER, offered) as socket:
            assert await socket.close_code() == 4401

    async def test_counts_instead_of_the_cookie(self, mission: Mission, owner: User) -> None:
        client = APIClient()
        await sync_to_async(client.force_login)(owner)
        cookie = "; ".join(f"{name}={one.value}" for name, one in client.cookies.items())

        async with opened(
            mission, MARKER, "bearer.wrong", headers=((b"cookie", cookie.encode()),)
        ) as socket:
            assert await socket.close_code() == 4401


class TestDoor:
    @pytest.mark.parametrize(
        ("origin", "offered"),
        [((), ()), ((), (MARKER,)), (((b"origin", b"http://evil.example"),), (MARKER, "ticket.x"))],
    )
    async def test_is_shut_to_other_pages_and_to_who_offers_nothing(
        self, mission: Mission, origin: Any, offered: tuple[str, ...]
    ) -> None:
        communicator = SocketClient(
            application,
            address(mission),
            headers=[(b"host", b"127.0.0.1"), *origin],
            subprotocols=list(offered),
        )

        assert not (await communicator.connect(timeout=5))[0]

    async def test_lets_one_person_in_so_many_times(
        self, mission: Mission, owner: User, settings: Any
    ) -> None:
        settings.PARALLAGON_SOCKETS_PER_USER = 1
        made = await made_key(owner, "read")

        async with opened(mission, MARKER, f"bearer.{made.secret}") as first:
            assert (await first.frame())["type"] == "hello"
            async with opened(mission, MARKER, f"bearer.{made.secret}") as second:
                assert await second.close_code() == 4429
        async with opened(mission, MARKER, f"bearer.{made.secret}") as third:
            assert (await third.frame())["type"] == "hello"


async def _until_closed(socket: Socket) -> AsyncIterator[Any]:
    """Yield the type of each frame, then the code with which the socket closed."""
    while True:
        output = await socket.communicator.receive_output(timeout=5)
        if output["type"] == "websocket.close":
            yield output["code"]
            return
        yield output["type"]
