"""The real server and bodies that are too large."""

import http.client
import json
import socket
import subprocess
from collections.abc import Iterator

import psutil
import pytest
from django.conf import settings

from parallagon.edge.intake import FORM, most_of
from tests.edge.running import running, until

pytestmark = pytest.mark.faults
MEBIBYTE = 1024 * 1024
LENGTH = settings.DATA_UPLOAD_MAX_MEMORY_SIZE


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[subprocess.Popen[str], int]]:
    with running("tests.edge.application:application") as process_and_port:
        yield process_and_port


@pytest.fixture
def port(server: tuple[subprocess.Popen[str], int]) -> int:
    return server[1]


@pytest.fixture(scope="module")
def impatient() -> Iterator[int]:
    """Run a server whose grace is half a second instead of twenty; return its port."""
    with running("tests.edge.impatient:application") as (_process, port):
        yield port


def answer_to(client: socket.socket) -> tuple[http.client.HTTPResponse, bytes]:
    response = http.client.HTTPResponse(client)
    response.begin()
    return response, response.read()


def send_chunks(client: socket.socket, count: int) -> int:
    """Send mebibytes as chunks for as long as the server takes them; return how many."""
    piece = f"{MEBIBYTE:x}\r\n".encode() + b"x" * MEBIBYTE + b"\r\n"
    sent = 0
    try:
        for _ in range(count):
            client.sendall(piece)
            sent += 1
        client.sendall(b"0\r\n\r\n")
    except OSError:
        pass  # it was closed, as it may be
    return sent


class TestLargeBody:
    def test_is_refused_by_its_length_before_it_comes(self, port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            head = f"POST /api/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: {LENGTH + 1}\r\n"
            client.sendall(f"{head}Expect: 100-continue\r\nAccept-Language: fr\r\n\r\n".encode())

            response, body = answer_to(client)
            rest = client.recv(1)

        problem = json.loads(body)
        assert response.status == 413
        assert response.getheader("Content-Type") == "application/problem+json"
        assert (problem["code"], problem["details"]) == ("too_large", {"limit": LENGTH})
        assert problem["detail"] == "La requête est trop grande."
        assert rest == b""

    def test_is_refused_while_it_comes_and_takes_no_memory(
        self, server: tuple[subprocess.Popen[str], int], port: int
    ) -> None:
        """200 MB in chunks: the kernel and one bound's worth of it is all that is ever kept."""
        process = psutil.Process(server[0].pid)
        before = process.memory_info().rss
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            head = "POST /api/v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            client.sendall(head.encode())
            send_chunks(client, 200)

            response, body = answer_to(client)

        assert response.status == 413
        assert json.loads(body)["code"] == "too_large"
        assert process.memory_info().rss - before < 16 * MEBIBYTE

    @pytest.mark.parametrize("path", ["/api/v1/x", "/api/v1/missions/import?title=x"])
    def test_arrives_whole_up_to_the_bound(self, port: int, path: str) -> None:
        most = most_of(path.encode())
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for body in (b"x" * most, iter([b"x" * most])):  # with a length, then in chunks
            client.request("POST", path, body=body, encode_chunked=not isinstance(body, bytes))

            response = client.getresponse()

            assert (response.status, response.read()) == (200, str(most).encode())
        client.close()

    def test_may_be_larger_where_archives_come_in(self) -> None:
        archive = settings.PARALLAGON_MAX_IMPORT_SIZE

        assert most_of(b"/api/v1/missions/import") >= archive + FORM
        assert most_of(b"/api/v1/missions/import/") == LENGTH


class TestSlowRequest:
    @pytest.mark.parametrize(
        "begun",
        [
            b"G",
            b"GET / HTTP/1.1\r\nHost:",
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
        ],
        ids=["line", "headers", "body", "chunks"],
    )
    def test_is_answered_and_closed(self, impatient: int, begun: bytes) -> None:
        with socket.create_connection(("127.0.0.1", impatient), timeout=60) as client:
            client.sendall(begun)

            response, body = answer_to(client)
            rest = client.recv(1)

        assert (response.status, json.loads(body)["code"]) == (408, "too_slow")
        assert rest == b""

    def test_is_not_helped_by_a_drip(self, impatient: int) -> None:
        """A byte now and then keeps an idle timeout from striking; not this one."""
        with socket.create_connection(("127.0.0.1", impatient), timeout=0.1) as client:
            client.sendall(b"GET / HTTP/1.1\r\n")
            for _ in range(600):
                try:
                    answer = client.recv(100)
                    break
                except TimeoutError:
                    client.sendall(b"x")

        assert answer.startswith(b"HTTP/1.1 408 ")

    def test_leaves_a_connection_alone_that_waits_for_its_next_request(
        self, impatient: int
    ) -> None:
        client = http.client.HTTPConnection("127.0.0.1", impatient, timeout=60)
        client.request("GET", "/")
        client.getresponse().read()
        with socket.create_connection(("127.0.0.1", impatient), timeout=60) as slow:
            slow.sendall(b"G")
            answer_to(slow)  # more than the grace has passed

        client.request("GET", "/")

        assert client.getresponse().status == 200
        client.close()


class TestServerAfterRefusals:
    def test_has_told_the_application_of_none(
        self, server: tuple[subprocess.Popen[str], int], port: int
    ) -> None:
        with socket.create_connection(("127.0.0.1", port), timeout=60) as client:
            client.sendall(b"POST /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n")
            answer_to(client)
        last = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        last.request("GET", "/last")
        last.getresponse().read()
        last.close()

        said = until(server[0], "request /last")

        assert not any("/refused" in line for line in said)
