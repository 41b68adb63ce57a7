"""Daphne, with bounds on what comes in, and sockets that make their sender wait for a client.

``python -m parallagon.server`` takes Daphne's own options. Stock Daphne takes whatever an
application sends and keeps it in memory until the client has read it, however long that takes;
and it takes whatever a client sends (see ``edge``).
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import daphne.server
from daphne.cli import CommandLineInterface
from daphne.server import Server
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from parallagon.edge.intake import BoundedFactory

# Daphne makes its factory by this name, and offers no other way to give it one's own.
daphne.server.HTTPFactory = BoundedFactory


@implementer(IPushProducer)
class Flow:
    """Knows whether a connection's buffer has room: Twisted calls its methods."""

    def __init__(self) -> None:
        self._has_room = asyncio.Event()
        self._has_room.set()

    async def room(self) -> None:
        """Wait until the client has read enough, or is gone."""
        await self._has_room.wait()

    def pauseProducing(self) -> None:  # noqa: N802 - the interface's names
        self._has_room.clear()

    def resumeProducing(self) -> None:  # noqa: N802
        self._has_room.set()

    def stopProducing(self) -> None:  # noqa: N802
        self._has_room.set()


class PatientServer(Server):
    """Answers a socket's ``send`` when there is room again in the connection's buffer (64 KiB)."""

    async def handle_reply(self, protocol: Any, message: Mapping[str, Any]) -> None:
        """Hand a message to the connection; wait while its client lags behind."""
        await super().handle_reply(protocol, message)
        if message["type"] == "websocket.accept":
            protocol.flow = watch(protocol.transport)
        elif message["type"] == "websocket.send" and hasattr(protocol, "flow"):
            await protocol.flow.room()


def watch(transport: Any) -> Flow:
    """Let a flow know how full the transport is, in place of the HTTP channel it came from."""
    flow = Flow()
    transport.unregisterProducer()
    transport.registerProducer(flow, True)  # noqa: FBT003, RUF100 - Twisted's signature
    return flow


class CommandLine(CommandLineInterface):
    """Daphne's command line, for this server."""

    server_class = PatientServer


if __name__ == "__main__":
    CommandLine.entrypoint()
