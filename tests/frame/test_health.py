"""Alive, ready, and measures for those who may see them."""

import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.test import Client

from agents.aider.sandbox import available_level, landlock_abi
from parallagon import health
from parallagon.inside.readiness import FOR_AGENTS, FOR_REQUESTS, Answers

pytestmark = pytest.mark.django_db


class TestLive:
    def test_answers_anyone(self, client: Client) -> None:
        assert client.get("/health/live").json() == {"status": "ok"}

    def test_only_reads(self, client: Client) -> None:
        assert client.post("/health/live").status_code == HTTPStatus.METHOD_NOT_ALLOWED


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Answers:
    """Let everything be well, for tests to change."""
    well = Answers(dict.fromkeys((*FOR_REQUESTS, *FOR_AGENTS), lambda: None))
    monkeypatch.setattr(health, "ANSWERS", well)
    return well


class TestReady:
    def test_is_well_when_all_is(self, client: Client, answers: Answers) -> None:
        assert client.get("/health/ready").status_code == HTTPStatus.OK

    def test_names_what_is_missing(self, client: Client, answers: Answers) -> None:
        answers.checks["redis"] = lambda: "it does not answer: refused"

        answer = client.get("/health/ready")

        assert answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE
        assert answer.json() == {
            "status": "unavailable",
            "checks": {
                **dict.fromkeys((*FOR_REQUESTS, *FOR_AGENTS), "ok"),
                "redis": "it does not answer: refused",
            },
            "open_breakers": 0,
            "sandbox": available_level(),
            "landlock_abi": landlock_abi(),
        }

    @pytest.mark.parametrize("name", [*FOR_REQUESTS, *FOR_AGENTS])
    def test_is_not_ready_without_any_of_them(
        self, client: Client, answers: Answers, name: str
    ) -> None:
        answers.checks[name] = lambda: "gone"

        assert client.get("/health/ready").status_code == HTTPStatus.SERVICE_UNAVAILABLE

    @pytest.mark.parametrize("name", [*FOR_REQUESTS, *FOR_AGENTS])
    def test_can_be_asked_for_requests_alone(
        self, client: Client, answers: Answers, name: str
    ) -> None:
        answers.checks[name] = lambda: "gone"

        status = client.get("/health/ready?for=requests").status_code

        assert (status == HTTPStatus.OK) is (name in FOR_AGENTS)

    def test_tells_others_nothing_but_the_state(self, client: Client, answers: Answers) -> None:
        answers.checks["redis"] = lambda: "it does not answer: refused"

        assert client.get("/health/ready", REMOTE_ADDR="192.0.2.7").json() == {
            "status": "unavailable"
        }

    def test_hides_secrets_in_what_it_tells(self, client: Client, answers: Answers) -> None:
        answers.checks["redis"] = lambda: "redis://:hunter2hunter2@host does not answer"

        assert b"hunter2hunter2" not in client.get("/health/ready").content


COUNTING = """
import django
django.setup()
from missions.cache import CachedStore
store = CachedStore()
names = [store.put(text) for text in (b"one", b"two")]
for name in [*names, *names]:
    store.text(name)
"""


class TestMetricsOfManyProcesses:
    @pytest.fixture
    def counted(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
        """Return the measures after two processes have read, and ended."""
        folder = tmp_path / "metrics"
        folder.mkdir()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(folder))
        for _ in range(2):
            subprocess.run([sys.executable, "-c", COUNTING], check=True, timeout=60)
        return str(Client().get("/metrics").content.decode())

    def test_are_added_up_and_those_of_the_dead_hold_nothing(self, counted: str) -> None:
        hits = 'parallagon_cache_reads_total{cache="contents",level="memory",result="hit"} 8.0'

        assert hits in counted
        assert "parallagon_cache_held_bytes{" not in counted


class TestMetrics:
    def test_are_for_this_machine(self, client: Client) -> None:
        answer = client.get("/metrics")

        assert answer.status_code == HTTPStatus.OK
        assert b"django_http_requests" in answer.content

    @pytest.mark.parametrize(
        "request_from",
        [
            {"REMOTE_ADDR": "192.0.2.7"},
            {"REMOTE_ADDR": ""},
            {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        ],
    )
    def test_are_not_for_others(self, client: Client, request_from: dict[str, str]) -> None:
        assert client.get("/metrics", **request_from).status_code == HTTPStatus.FORBIDDEN  # type: ignore[arg-type] # the stubs miss extra

    def test_are_for_the_bearer_of_the_token(self, client: Client, settings: LazySettings) -> None:
        settings.PARALLAGON_METRICS_TOKEN = "let-me-in"

        def status(token: str) -> int:
            headers = {"Authorization": f"Bearer {token}"}
            return client.get("/metrics", REMOTE_ADDR="192.0.2.7", headers=headers).status_code

        assert status("let-me-in") == HTTPStatus.OK
        assert status("let-me-out") == HTTPStatus.FORBIDDEN
