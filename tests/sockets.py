"""A socket's other end, for tests."""

from typing import Any

from asgiref.testing import ApplicationCommunicator
from channels.testing import WebsocketCommunicator


class SocketClient(WebsocketCommunicator):  # type: ignore[misc] # it has no types
    """A client whose server gives its connections to the database back, as it does in earnest.

    Channels' own keeps it from that while anything is sent or awaited, for tests in a transaction.
    A connection that a thread takes along when it ends is one that the pool never sees again.
    """

    send_input: Any = ApplicationCommunicator.send_input
    receive_output: Any = ApplicationCommunicator.receive_output
