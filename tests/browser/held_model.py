"""A language model on this machine whose replies begin at once and end when the test says."""

import contextlib
import json
import select
import socket
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.gateway.gateway_provider import DONE, END, chunk, delta, finish, head, usage

NAME = "patient"
LOCKED = "locked"
"""The name of a model whose key is never the right one."""
DOWN = "down"
"""The name of a model that always has a failure of its own."""
REFUSALS = {LOCKED: (401, "Incorrect API key provided."), DOWN: (503, "Come back later.")}
BEGINNING = "Let me read the request first. "
POLL = 0.02  # seconds


class HeldModel:
    """Speaks OpenAI's protocol. Each reply begins with ``BEGINNING`` and waits for its end."""

    def __init__(self) -> None:
        self.left = threading.Event()  # whoever asked has gone away without the end
        self._ends: list[str] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL,))
        self._thread.start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def go_on(self, text: str) -> None:
        """Let the reply that waits, or the next one, end with ``text``."""
        self._ends.append(text)

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def reply(self, connection: socket.socket) -> None:
        """Write a reply, unless the other side leaves while it waits."""
        self.left.clear()
        connection.sendall(head() + chunk(delta(BEGINNING)))
        while not self._ends:
            if _has_left(connection):
                self.left.set()
                return
        end = (delta(self._ends.pop(0)), finish(), usage(20), DONE)
        connection.sendall(b"".join(chunk(part) for part in end) + END)


def _has_left(connection: socket.socket) -> bool:
    """Look for a moment whether the other side has closed."""
    ready, _, _ = select.select([connection], [], [], POLL)
    with contextlib.suppress(ConnectionResetError):
        return bool(ready) and not connection.recv(1, socket.MSG_PEEK)
    return True


def _handler(model: HeldModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(200, {"data": [{"id": NAME}]})

        def _answer(self, status: int, values: object) -> None:
            body = json.dumps(values).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            self.close_connection = True
            if refusal := REFUSALS.get(asked["model"]):
                self._answer(refusal[0], {"error": {"message": refusal[1]}})
                return
            with contextlib.suppress(OSError):
                model.reply(self.connection)

        def log_message(self, *arguments: object) -> None:
            """Say nothing."""

    return Handler
