"""A whole installation that sends its traces: from a person's save to the last broadcast."""

import json
import urllib.request
from collections.abc import Iterator
from http.cookiejar import CookieJar
from typing import Any

import pytest

from tests.core.otlp import Received, Receiver
from tests.installation import Installation
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(240)]
KEY, PASSWORD = "sk-canary-4f1d0e6b7c", "canary-4f1d0e6b7c-metrics"
STEPS = {
    f"cycle.{step}"
    for step in ("worth", "claim", "lease", "stage", "reserve", "work", "judge", "land", "settle")
}

WHOLE = STEPS | {
    "landing", "landing.commit", "broadcast", "cycle",
    "apply_async/agents.execute_run", "run/agents.execute_run",
}  # fmt: skip
"""What a trace has from the save on; parts arrive before their whole."""


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture(scope="module")
def installation(
    receiver: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Installation]:
    one = Installation(
        tmp_path_factory.mktemp("t"),
        OTEL_EXPORTER_OTLP_ENDPOINT=receiver.url,
        OTEL_BSP_SCHEDULE_DELAY="200",
        OPENAI_API_KEY=KEY,
        PARALLAGON_METRICS_TOKEN=PASSWORD,
        LOG_FORMAT="json",
        LOG_LEVELS="agents=DEBUG",
    )
    one.wait_until_ready(within=90)
    try:
        yield one
    finally:
        one.close()


class Person:
    """Someone who signed in by the link, and speaks with the API as the page does."""

    def __init__(self, installation: Installation) -> None:
        self._address = installation.address
        self._jar = CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self._jar))
        self._opener.open(installation.link, timeout=30).close()

    def ask(self, path: str, body: dict[str, Any] | None = None, method: str = "GET") -> Any:
        """Ask, with the token against forged requests."""
        token = next((one.value for one in self._jar if "csrf" in one.name), None)
        asked = urllib.request.Request(  # noqa: S310 - it is our own address
            f"{self._address}{path}",
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "X-CSRFToken": token or ""},
            method=method,
        )
        with self._opener.open(asked, timeout=30) as answer:
            return json.load(answer)


def is_whole(spans: list[Received]) -> bool:
    return any({span.name for span in trace} >= WHOLE for trace in _saves(spans))


def _saves(spans: list[Received]) -> list[list[Received]]:
    """Return the spans of each trace that a person's save began."""
    begun = {one.trace for one in spans if one.name.startswith("PUT ") and not one.parent}
    return [[one for one in spans if one.trace == trace] for trace in begun]


class TestTraces:
    def test_lead_from_the_save_to_the_broadcast(
        self, installation: Installation, receiver: Receiver
    ):
        person = Person(installation)
        mission = person.ask("/api/v1/missions/")["results"][0]["id"]
        address = f"/api/v1/missions/{mission}/"
        wait_until(lambda: person.ask(address)["activity"] == "settled", seconds=90)
        file = f"/api/v1/missions/{mission}/files/demande.md"
        known = person.ask(file)

        text = f"{known['text']}\nIt must also count the lines of each file. {KEY}\n"
        person.ask(file, {"text": text, "base": known["revision"]}, "PUT")

        assert receiver.wait_for(is_whole, within=90), sorted({s.name for s in receiver.spans})
        trace = next(one for one in _saves(receiver.spans) if is_whole(one))
        assert {span.service for span in trace} >= {
            "parallagon-web", "parallagon-default", "parallagon-cycles",
        }  # fmt: skip
        cycle = next(span for span in trace if span.name == "cycle")
        assert cycle.facts["parallagon.outcome"]
        assert cycle.facts["parallagon.mission"] == mission

    def test_begin_with_no_tick_query_or_probe(
        self, installation: Installation, receiver: Receiver
    ):
        begun = {span.name for span in receiver.spans if not span.parent}

        assert begun
        assert all(name.startswith(("GET ", "PUT ", "POST ", "agents.send")) for name in begun), (
            begun
        )
        assert not [name for name in begun if "health" in name or "metrics" in name]

    def test_hold_no_secret_and_the_log_none_either(
        self, installation: Installation, receiver: Receiver
    ):
        installation.stop()

        log = (installation.data_directory / "logs" / "parallagon.log").read_text()
        lines = [json.loads(line) for line in log.splitlines()]
        sesame = installation.link.rpartition("=")[2]
        for secret in ("4f1d0e6b7c", sesame):
            assert secret not in log
            assert secret.encode() not in b"".join(receiver.raw)
        saved = next(line for line in lines if line.get("method") == "PUT")
        assert {"request", "user", "mission", "trace", "duration_ms", "status"} <= set(saved)
        assert saved["trace"] in {span.trace for span in receiver.spans}
        assert any(line.get("run") and line.get("agent") for line in lines)

    def test_are_sent_to_the_last_one_when_it_ends(self, receiver: Receiver):
        """Each run that was begun has its end, and each part its whole."""
        ids = {span.id for span in receiver.spans}

        lost = [span.name for span in receiver.spans if span.parent and span.parent not in ids]
        assert lost == []
