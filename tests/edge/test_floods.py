"""Who asks too often is told so before anything is asked of the application."""

import contextlib
import http.client
import json
import socket
from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from hypothesis import given
from hypothesis import strategies as st
from twisted.web.http_headers import Headers

from parallagon.edge.floods import Buckets, Gate
from tests.edge.running import running, until

gaps = st.lists(st.floats(0, 10), max_size=200)


class TestBuckets:
    @given(gaps, st.integers(1, 50), st.integers(1, 60))
    def test_let_in_no_more_than_a_burst_and_the_rate(
        self, gaps: list[float], count: int, seconds: int
    ) -> None:
        buckets, now, let_in = Buckets((count, seconds)), 0.0, 0

        for gap in gaps:
            now += gap
            let_in += not buckets.wait(1, now=now)

        assert let_in <= count + now * count / seconds + 1e-6

    @given(gaps, st.integers(1, 50), st.integers(1, 60), st.floats(0.1, 1))
    def test_let_in_whoever_waited_as_long_as_they_were_told(
        self, gaps: list[float], count: int, seconds: int, share: float
    ) -> None:
        buckets, now = Buckets((count, seconds)), 0.0

        for gap in gaps:
            now += gap
            if wait := buckets.wait(1, now=now, share=share):
                now += wait + 1e-6
                assert buckets.wait(1, now=now, share=share) == 0

    @given(st.lists(st.integers(2, 20), max_size=300))
    def test_do_not_count_anybody_for_another(self, others: list[int]) -> None:
        buckets = Buckets((3, 60))
        for other in others:
            buckets.wait(other, now=0)

        assert [buckets.wait(1, now=0) == 0 for _ in range(4)] == [True, True, True, False]

    def test_hold_less_under_pressure(self) -> None:
        buckets = Buckets((10, 10))

        let_in = sum(buckets.wait(1, now=0, share=0.5) == 0 for _ in range(20))

        assert let_in == 5

    def test_take_no_more_memory_however_many_come(self) -> None:
        buckets = Buckets((1, 60), most=100)

        for key in range(1000):
            buckets.wait(key, now=0)

        assert len(buckets._known) == 100
        assert buckets.wait(999, now=0) > 0  # the latest are the ones that are remembered

    def test_do_not_fill_when_the_clock_goes_back(self) -> None:
        buckets = Buckets((1, 60))
        buckets.wait(1, now=100)

        assert buckets.wait(1, now=50) > 0


class TestGate:
    @pytest.fixture(autouse=True)
    def few(self, settings: LazySettings) -> None:
        settings.RATE_LIMITS = {"flood": (5, 60), "static": (3, 60), "address": (8, 60)}

    def let_in(self, gate: Gate, *, path: bytes = b"/api/v1/x", **headers: str) -> int:
        """Return how many of twenty requests may go on."""
        given = Headers({name.replace("_", "-"): [value] for name, value in headers.items()})
        waits = [gate.wait(given, path=path, peer="192.0.2.1", share=1.0) for _ in range(20)]
        return waits.count(0.0)

    def make_gate(self) -> Gate:
        return Gate(clock=lambda: 0.0)

    def test_counts_by_session(self, settings: LazySettings) -> None:
        gate, name = self.make_gate(), settings.SESSION_COOKIE_NAME

        assert self.let_in(gate, Cookie=f"a=1; {name}=one; b=2") == 5
        assert self.let_in(gate, Cookie=f"b=3; {name}=one") == 0
        assert self.let_in(gate, Cookie=f"{name}=two") == 3  # all that the address has left

    def test_counts_by_key_or_token(self) -> None:
        gate = self.make_gate()

        assert self.let_in(gate, Authorization="Bearer one") == 5
        assert self.let_in(gate, Authorization="Bearer two") == 3

    def test_counts_strangers_by_address(self) -> None:
        assert self.let_in(self.make_gate()) == 8

    def test_counts_files_of_the_page_apart(self) -> None:
        """A page that loads asks for many at once."""
        gate = self.make_gate()

        assert self.let_in(gate, path=b"/static/x.js", Authorization="Bearer one") == 3
        assert self.let_in(gate, Authorization="Bearer one") == 5

    def test_holds_what_is_refused_against_nobody_else_at_the_address(self) -> None:
        gate = self.make_gate()
        for _ in range(50):
            self.let_in(gate, Authorization="Bearer one")

        assert self.let_in(gate, Authorization="Bearer two") == 3

    def test_does_not_believe_a_header_that_anybody_can_send(self) -> None:
        gate = self.make_gate()

        found = [self.let_in(gate, X_Forwarded_For=f"10.0.0.{number}") for number in range(3)]

        assert found == [8, 0, 0]

    @pytest.mark.parametrize(
        ("proxies", "expected"), [(0, "192.0.2.1"), (1, "three"), (2, "two"), (9, "one")]
    )
    def test_believes_as_many_proxies_as_there_are(
        self, settings: LazySettings, proxies: int, expected: str
    ) -> None:
        settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": proxies}
        headers = Headers({"X-Forwarded-For": ["one, two", "three"]})

        assert self.make_gate().address_of(headers, "192.0.2.1") == expected

    def test_lets_everybody_in_where_there_is_no_limit(self, settings: LazySettings) -> None:
        settings.RATE_LIMITS = {"flood": None}

        assert self.let_in(self.make_gate()) == 20


def read_answers(client: socket.socket, count: int) -> bytes:
    """Return what a server sends, up to the end of the last of so many answers."""
    said = b""
    while said.count(b"HTTP/1.1 ") < count:
        piece = client.recv(65536)
        assert piece, "it was closed"
        said += piece
    return said


@pytest.mark.faults
class TestServer:
    """Five requests of a session, twelve of an address, and then no more in this hour."""

    @pytest.fixture(autouse=True)
    def server(self) -> Iterator[None]:
        with running("tests.edge.limited:application") as (process, port):
            self.process, self.port = process, port
            yield

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)

    def status_of(self, *, key: str) -> int:
        with contextlib.closing(self.connect()) as client:
            client.request("GET", f"/{key}", headers={"Authorization": f"Bearer {key}"})
            return client.getresponse().status

    def test_answers_a_flood_on_one_connection_and_goes_on(self) -> None:
        key = {"Authorization": "Bearer one", "Accept-Language": "fr"}
        statuses = []
        with contextlib.closing(self.connect()) as client:
            for _ in range(50):
                client.request("GET", "/flood", headers=key)
                answer = client.getresponse()
                statuses.append(answer.status)
                body = answer.read()
            client.request("GET", "/other", headers={"Authorization": "Bearer two"})
            other = client.getresponse()

        problem = json.loads(body)
        wait = int(answer.headers["Retry-After"])
        assert statuses == [200] * 5 + [429] * 45
        assert (problem["code"], problem["details"]) == ("throttled", {"wait": wait})
        assert problem["detail"].startswith("Trop de requêtes")
        assert 0 < wait <= 3600 / 5
        assert other.status == 200
        said = until(self.process, "request /other")
        assert sum("request /flood" in line for line in said) == 5

    def test_answers_each_of_many_that_come_at_once(self) -> None:
        """Five hundred requests in one piece, as a pipeline."""
        one = b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\n\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(one * 500)
            said = read_answers(client, 500)

        assert said.count(b"HTTP/1.1 200 ") == 5
        assert said.count(b"HTTP/1.1 429 ") == 495

    def test_lets_everybody_else_in_during_a_flood(self) -> None:
        """A thousand requests of one session, over twenty connections; then seven others."""
        one = b"GET /flood HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer one\r\n\r\n"
        with contextlib.ExitStack() as open_ones:
            flooders = [
                open_ones.enter_context(socket.create_connection(("127.0.0.1", self.port), 60))
                for _ in range(20)
            ]
            for flooder in flooders:
                flooder.sendall(one * 50)
            others = [self.status_of(key=f"other{number}") for number in range(7)]
            answers = b"".join(read_answers(flooder, 50) for flooder in flooders)

        assert others == [200] * 7
        assert answers.count(b"HTTP/1.1 200 ") == 5
        assert answers.count(b"HTTP/1.1 429 ") == 995
        said = until(self.process, "request /other6")
        assert sum("request /flood" in line for line in said) <= 5

    def test_does_not_take_in_what_a_request_too_many_sends(self) -> None:
        """It is answered before its body has come, and the connection ends."""
        key = "Host: x\r\nAuthorization: Bearer one\r\n"
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
            client.sendall(f"GET / HTTP/1.1\r\n{key}\r\n".encode() * 5)
            client.sendall(f"POST / HTTP/1.1\r\n{key}Content-Length: 9\r\n\r\n".encode())
            said = b"".join(iter(lambda: client.recv(65536), b""))

        assert said.count(b"HTTP/1.1 200 ") == 5
        assert said.count(b"HTTP/1.1 429 ") == 1
        assert b"Connection: close" in said

    def test_refuses_sockets_too(self) -> None:
        lines = (
            "GET /ws/ HTTP/1.1",
            "Host: x",
            "Upgrade: websocket",
            "Connection: Upgrade",
            "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==",
            "Sec-WebSocket-Version: 13",
        )
        statuses = []
        for _ in range(14):
            with socket.create_connection(("127.0.0.1", self.port), timeout=60) as client:
                client.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
                statuses.append(client.recv(12).decode())

        assert statuses[-1] == "HTTP/1.1 429"
