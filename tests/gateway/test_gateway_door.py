"""Who may call, and what is refused before anything reaches a provider."""

from __future__ import annotations

import errno
import socket
from dataclasses import replace
from typing import Any

import httpx
import pytest

from agents.gateway.client import Gateway
from agents.gateway.protocol import RegistrationRefused, Upstream
from tests.gateway.gateway_provider import Hang, ScriptedProvider, chunk, delta, head
from tests.gateway.gateway_run import StartRun

HELLO = {"model": "any", "messages": [{"role": "user", "content": "hello"}]}


def post(gateway: Gateway, path: str = "/v1/chat/completions", **request: Any) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=False) as client:  # noqa: S501 - loopback, no TLS
        return client.post(f"http://127.0.0.1:{gateway.port}{path}", **request)


def bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


class TestToken:
    @pytest.mark.parametrize(
        "headers",
        [{}, {"Authorization": "Bearer"}, bearing("unknown"), {"Authorization": "Basic dG9rZW4="}],
        ids=["none", "empty", "unknown", "other scheme"],
    )
    def test_must_be_a_runs(
        self, headers: dict[str, str], gateway: Gateway, provider: ScriptedProvider
    ) -> None:
        response = post(gateway, json=HELLO, headers=headers)

        assert response.status_code == 401
        assert response.json()["error"]["code"] == "unknown_token"
        assert provider.received == []

    def test_serves_its_own_run_only(
        self, gateway: Gateway, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        one, other = start_run(), start_run()

        one.child.call()

        assert len(gateway.report(one.run_id).calls) == 1
        assert gateway.report(other.run_id).calls == ()

    def test_is_worth_nothing_once_the_run_is_finished(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        run = start_run()
        run.finish()

        assert run.child.call().status == 401
        assert provider.received == []

    def test_of_a_run_cannot_be_given_to_another(
        self, gateway: Gateway, start_run: StartRun
    ) -> None:
        run = start_run()

        with pytest.raises(RegistrationRefused, match="in use already"):
            gateway.register(replace(run.registration, run_id="another"))
        with pytest.raises(RegistrationRefused, match="registered already"):
            gateway.register(replace(run.registration, token="another-token-0001"))


class TestFinish:
    def test_ends_a_call_that_is_under_way(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([head(), chunk(delta("Once")), Hang()])
        run = start_run()

        with run.child.open(HELLO | {"stream": True}) as response:
            pieces = response.iter_raw()
            next(pieces)
            report = run.finish()
            with pytest.raises(httpx.TransportError):
                next(pieces)

        assert provider.left.wait(3)
        (call,) = report.calls
        assert (call.failure, call.is_complete) == ("cut_off", False)
        assert report.void == call.detail == "the run ended before the reply did"


class TestRequest:
    @pytest.mark.parametrize(
        "path", ["/", "/v1/models", "/v1/completions", "/v1/chat/completions/x"]
    )
    def test_finds_nothing_elsewhere(
        self, path: str, gateway: Gateway, start_run: StartRun
    ) -> None:
        response = post(gateway, path=path, json=HELLO, headers=bearing(start_run().child.token))

        assert response.status_code == 404

    @pytest.mark.parametrize(
        ("content", "words"),
        [
            (b"{oops", "not JSON"),
            (b"[" * 100_000, "not JSON"),
            (b"\xff\xfe", "not JSON"),
            (b"[]", "no messages"),
            (b'{"messages": "hello"}', "no messages"),
            (b'{"messages": ["hello"]}', "no messages"),
        ],
    )
    def test_must_be_one_for_a_reply(
        self, content: bytes, words: str, gateway: Gateway, start_run: StartRun
    ) -> None:
        run = start_run()

        response = post(gateway, content=content, headers=bearing(run.child.token))

        assert response.status_code == 400
        assert words in response.json()["error"]["message"]
        assert run.finish().void is None

    def test_may_not_be_larger_than_the_bound(
        self, gateway: Gateway, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        run = start_run()

        response = post(gateway, content=b"x" * 2_000_000, headers=bearing(run.child.token))

        assert response.status_code == 413
        assert provider.received == []

    def test_may_not_have_many_headers(self, gateway: Gateway, start_run: StartRun) -> None:
        many = {f"X-{number}": "x" for number in range(100)}

        response = post(gateway, json=HELLO, headers=many | bearing(start_run().child.token))

        assert response.status_code == 431

    def test_may_not_have_long_headers(self, gateway: Gateway, start_run: StartRun) -> None:
        long = {"X-Long": "x" * 20_000}

        response = post(gateway, json=HELLO, headers=long | bearing(start_run().child.token))

        assert response.status_code == 400

    def test_must_be_http_1_1(self, gateway: Gateway, start_run: StartRun) -> None:
        head_lines = f"Authorization: Bearer {start_run().child.token}\r\nContent-Length: 2"
        request = f"POST /v1/chat/completions HTTP/1.0\r\n{head_lines}\r\n\r\n{{}}".encode()

        with socket.create_connection(("127.0.0.1", gateway.port), timeout=5) as connection:
            connection.sendall(request)
            answer = connection.recv(65536)

        assert b" 400 " in answer.splitlines()[0]

    def test_comes_from_this_machine_only(self, gateway: Gateway) -> None:
        with socket.socket() as connection:
            connection.settimeout(2)
            # Another address of this machine: a server on all interfaces would answer.
            refused = connection.connect_ex(("127.0.0.2", gateway.port))

        assert refused == errno.ECONNREFUSED


class TestRegistration:
    def test_names_the_variable_of_a_key_that_is_missing(
        self, start_run: StartRun, provider: ScriptedProvider
    ) -> None:
        upstream = Upstream(
            kind="openai", base_url=provider.base_url, key_variable="MISTRAL_API_KEY", model="any"
        )

        with pytest.raises(RegistrationRefused, match="Set MISTRAL_API_KEY"):
            start_run(upstream=upstream)
