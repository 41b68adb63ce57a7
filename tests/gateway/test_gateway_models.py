"""Which models an installation offers, where their calls go, and what to set for others."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agents.gateway import discovery
from agents.gateway.models import (
    OFFLINE_MODEL,
    ModelOption,
    ModelUnavailable,
    available_models,
    configured_families,
    resolve,
    variables,
)
from agents.gateway.protocol import Upstream


class ModelServer(ThreadingHTTPServer):
    """A server of someone's own, that tells its models."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[tuple[str, str | None]] = []
        self.all_asked: threading.Barrier | None = None
        self.body = json.dumps({"data": [{"id": "llama3"}, {"id": "qwen/qwen3"}]}).encode()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: ModelServer

    def do_GET(self) -> None:
        if self.server.all_asked is not None:
            self.server.all_asked.wait(10)
        self.server.asked.append((self.path, self.headers["Authorization"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.server.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    discovery.forget()


def names(options: list[ModelOption]) -> list[str]:
    return [option.name for option in options]


class TestAvailableModels:
    def test_are_the_offline_writer_alone_without_a_key(self) -> None:
        (option,) = available_models({})

        assert (option.name, option.is_offline, option.needs) == (OFFLINE_MODEL, True, ())

    def test_are_those_of_providers_whose_key_is_set(self) -> None:
        options = available_models({"MISTRAL_API_KEY": "k", "DEEPSEEK_API_KEY_FILE": "/a/file"})

        assert {option.provider for option in options} == {"mistral", "deepseek", "offline"}
        assert names(options)[-1] == OFFLINE_MODEL
        assert options[0].needs == ("MISTRAL_API_KEY",)

    def test_are_what_a_local_ollama_has(self, model_server: ModelServer) -> None:
        options = available_models({"OLLAMA_API_BASE": model_server.address})

        assert names(options) == ["ollama/llama3", "ollama/qwen/qwen3", OFFLINE_MODEL]
        assert model_server.asked == [("/v1/models", None)]
        assert options[0].needs == ("OLLAMA_API_BASE",)

    def test_are_what_a_custom_endpoint_has_instead_of_openai(
        self, model_server: ModelServer
    ) -> None:
        environment = {"OPENAI_API_BASE": f"{model_server.address}/v1/", "OPENAI_API_KEY": "k"}

        options = available_models(environment)

        assert names(options) == ["openai/llama3", "openai/qwen/qwen3", OFFLINE_MODEL]
        assert model_server.asked == [("/v1/models", "Bearer k")]

    def test_are_asked_for_once_in_a_while_only(self, model_server: ModelServer) -> None:
        for _ in range(5):
            available_models({"OLLAMA_API_BASE": model_server.address})

        assert len(model_server.asked) == 1

    @pytest.mark.parametrize(
        "address", ["http://127.0.0.1:9", "ftp://x", "nonsense", "http://[", "http://a:b"]
    )
    def test_are_none_where_nobody_answers(self, address: str) -> None:
        assert names(available_models({"OLLAMA_API_BASE": address})) == [OFFLINE_MODEL]

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"data": [1, {"id": 2}]}'])
    def test_are_none_where_the_answer_is_no_list(
        self, body: bytes, model_server: ModelServer
    ) -> None:
        model_server.body = body

        options = available_models({"OLLAMA_API_BASE": model_server.address})

        assert names(options) == [OFFLINE_MODEL]

    def test_include_the_installations_default(self) -> None:
        environment = {"OPENROUTER_API_KEY": "k", "PARALLAGON_MODEL": "openrouter/some/model"}

        assert "openrouter/some/model" in names(available_models(environment))

    @pytest.mark.parametrize("default", [OFFLINE_MODEL, "mistral/any", "nonsense"])
    def test_include_no_default_that_cannot_be_reached(self, default: str) -> None:
        options = available_models({"PARALLAGON_MODEL": default})

        assert names(options) == [OFFLINE_MODEL]

    def test_of_every_family_are_offered_where_a_key_is_set(self) -> None:
        options = available_models({"ANTHROPIC_API_KEY": "k", "GOOGLE_API_KEY": "k"})

        families = {option.provider: option.family for option in options}
        assert families == {"anthropic": "anthropic", "gemini": "gemini", "offline": "openai"}
        assert {option.needs for option in options} == {
            ("ANTHROPIC_API_KEY",),
            ("GOOGLE_API_KEY",),
            (),
        }

    def test_of_a_proxy_are_those_that_it_tells_in_its_familys_words(
        self, model_server: ModelServer
    ) -> None:
        model_server.body = json.dumps({"models": [{"name": "models/gemini-own"}]}).encode()

        options = available_models({"GEMINI_API_BASE": model_server.address})

        assert names(options) == ["gemini/gemini-own", OFFLINE_MODEL]
        assert model_server.asked == [("/v1beta/models", None)]

    def test_of_a_proxy_that_tells_none_are_the_known_ones(self, model_server: ModelServer) -> None:
        model_server.body = b"not found"

        options = available_models({"ANTHROPIC_API_BASE": model_server.address})

        assert "anthropic/claude-sonnet-4-5" in names(options)

    def test_of_all_servers_are_asked_for_at_once(self, model_server: ModelServer) -> None:
        # None is answered before all have asked: one after the other, none would be.
        model_server.all_asked = threading.Barrier(3)
        variables_of_servers = ("OLLAMA", "OPENAI", "MISTRAL")
        environment = {
            f"{name}_API_BASE": f"{model_server.address}/{name}" for name in variables_of_servers
        }

        options = available_models(environment)

        assert {option.provider for option in options} == {"ollama", "openai", "mistral", "offline"}

    def test_can_all_be_resolved(self) -> None:
        environment = {
            "OPENAI_API_KEY": "k",
            "OPENROUTER_API_KEY": "k",
            "MISTRAL_API_KEY": "k",
            "DEEPSEEK_API_KEY": "k",
        }

        for option in available_models(environment):
            assert resolve(option.name, environment).model


class TestResolve:
    def test_knows_the_offline_writer(self) -> None:
        assert resolve("offline/writer", {}) == Upstream(kind="offline", model="writer")

    def test_keeps_slashes_of_a_models_own_name(self) -> None:
        upstream = resolve("openrouter/anthropic/claude", {"OPENROUTER_API_KEY": "k"})

        assert upstream == Upstream(
            kind="openai",
            base_url="https://openrouter.ai/api/v1",
            key_variable="OPENROUTER_API_KEY",
            model="anthropic/claude",
        )

    def test_lets_the_key_stay_where_it_is(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("sk-secret", encoding="utf-8")

        upstream = resolve("openai/gpt-4o", {"OPENAI_API_KEY_FILE": str(tmp_path / "key")})

        assert upstream.key_variable == "OPENAI_API_KEY"
        assert "sk-secret" not in repr(upstream)

    def test_needs_no_key_for_servers_of_ones_own(self) -> None:
        openai = resolve("openai/any", {"OPENAI_API_BASE": "http://127.0.0.1:8001/v1/"})
        ollama = resolve("ollama/llama3:8b", {"OLLAMA_API_BASE": "http://127.0.0.1:11434"})

        assert (openai.base_url, openai.key_variable) == ("http://127.0.0.1:8001/v1", None)
        assert ollama.base_url == "http://127.0.0.1:11434/v1"
        assert ollama.model == "llama3:8b"

    def test_takes_either_name_of_geminis_key(self) -> None:
        first = {"GEMINI_API_KEY": "k", "GOOGLE_API_KEY": "other"}

        assert resolve("gemini/x", first).key_variable == "GEMINI_API_KEY"
        assert resolve("gemini/x", {"GOOGLE_API_KEY": "k"}) == Upstream(
            kind="gemini",
            base_url="https://generativelanguage.googleapis.com/v1beta",
            key_variable="GOOGLE_API_KEY",
            model="x",
        )

    def test_knows_where_a_proxy_of_anthropics_is(self) -> None:
        upstream = resolve("anthropic/x", {"ANTHROPIC_API_BASE": "http://127.0.0.1:8001"})

        assert (upstream.kind, upstream.base_url) == ("anthropic", "http://127.0.0.1:8001/v1")

    @pytest.mark.parametrize(
        ("name", "environment", "words"),
        [
            ("openai/gpt-4o", {}, r"Set OPENAI_API_KEY \(or OPENAI_API_KEY_FILE\)"),
            ("mistral/x", {"OPENAI_API_KEY": "k"}, "Set MISTRAL_API_KEY"),
            ("ollama/llama3", {}, "Set OLLAMA_API_BASE to use ollama/llama3"),
            ("openai/x", {"OPENAI_API_BASE": "127.0.0.1:8001"}, "OPENAI_API_BASE is not an addr"),
            ("nobody/x", {}, "'nobody/x' is not known here. Known are openai/…"),
            ("openai/", {"OPENAI_API_KEY": "k"}, "not known"),
            ("", {}, "not known"),
        ],
    )
    def test_says_what_to_set(self, name: str, environment: dict[str, str], words: str) -> None:
        with pytest.raises(ModelUnavailable, match=words):
            resolve(name, environment)


class TestVariables:
    def test_name_what_makes_models_reachable(self) -> None:
        assert {"OPENAI_API_KEY", "OPENAI_API_BASE", "OLLAMA_API_BASE"} < set(variables())


class TestConfiguredFamilies:
    def test_are_those_of_the_keys_that_are_set(self) -> None:
        assert configured_families({}) == ("openai",)
        assert configured_families({"MISTRAL_API_KEY": "k"}) == ("openai",)
        assert configured_families({"GEMINI_API_KEY": "k"}) == ("openai", "gemini")
