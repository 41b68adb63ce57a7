"""Planted secrets go through everything that writes, and come out nowhere."""

import io
import logging
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider

from missions.api.views.missions import MissionListView
from parallagon import health
from parallagon.core import telemetry
from parallagon.core.logging import ContextFilter, HumanLines, JsonLines
from parallagon.core.tracing import provider_of
from parallagon.core.tracing.exporting import ScrubbedExporter
from parallagon.core.tracing.tracer import OpenTelemetryTracer
from parallagon.inside.readiness import Answers
from tests.agents.cycle_runs import KEY, Team
from tests.agents.factories import browser
from tests.aider.aider_model import ScriptedModel, search_block
from tests.core.otlp import Receiver

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

PASSWORD = "canary-Pw-83hd72kd"
API_KEY = "pk_Canary83hd72kd83hd72kd"
SESAME = "CanaryLink83hd72kd"


@pytest.fixture
def log() -> Iterator[Callable[[], str]]:
    """Everything that is logged, down to DEBUG, for people and for programs."""
    human, programs = io.StringIO(), io.StringIO()
    handlers = [logging.StreamHandler(human), logging.StreamHandler(programs)]
    handlers[0].setFormatter(HumanLines("{name}: {message} {context}", style="{"))
    handlers[1].setFormatter(JsonLines())
    root, before = logging.getLogger(), logging.getLogger().level
    for handler in handlers:
        handler.addFilter(ContextFilter())
        root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield lambda: human.getvalue() + programs.getvalue()
    root.setLevel(before)
    for handler in handlers:
        root.removeHandler(handler)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def provider(receiver: Receiver) -> Iterator[TracerProvider]:
    exporter = OTLPSpanExporter(endpoint=f"{receiver.url}/v1/traces", timeout=5)
    made = provider_of("test", ScrubbedExporter(exporter))
    telemetry.use(OpenTelemetryTracer(made))
    yield made
    telemetry.use(None)
    made.shutdown()


def token_of(team: Team) -> str:
    """Return a real access token of the owner, who got a password for that."""
    team.owner.set_password(PASSWORD)
    team.owner.save(update_fields=["password"])
    answer = Client().post(
        "/api/v1/auth/token",
        {"username": team.owner.username, "password": PASSWORD},
        content_type="application/json",
    )
    token: str = answer.json()["access"]
    return token


def unpacked(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return "\n".join(
            archive.read(name).decode("utf-8", "replace") for name in archive.namelist()
        )


class TestCanaries:
    def test_come_out_nowhere(
        self,
        team: Team,
        model: ScriptedModel,
        log: Callable[[], str],
        receiver: Receiver,
        provider: TracerProvider,
        monkeypatch: pytest.MonkeyPatch,
        settings: Any,
    ):
        token = token_of(team)
        person = Client(raise_request_exception=False)
        person.force_login(team.owner)
        planted = {
            "provider's key": KEY,
            "password": PASSWORD,
            "token": token.rpartition(".")[2],
            "API key": API_KEY.removeprefix("pk_"),
            "sign-in link": SESAME,
        }
        written: dict[str, str] = {}

        # Runs: one whose provider repeats its key, one that fails with it.
        model.enqueue(
            f"Your key is {KEY}, and {API_KEY}.\n",
            search_block("production.md", "# Production\n", "# Written\n"),
        )
        changed = team.run("production")
        model.enqueue(f"Incorrect API key provided: {KEY}; Bearer {token}", status=401)
        failed = team.run("management")
        assert (changed.outcome, failed.outcome) == ("changed", "failed")
        for run in (changed, failed):
            written |= {
                f"{part} of {run.outcome}": browser(team.owner)
                .get(f"/api/v1/runs/{run.pk}/{part}")
                .content.decode()
                for part in ("", "log", "transcript")
            }
            download = person.get(f"/api/v1/runs/{run.pk}/transcript/download")
            written[f"download of {run.outcome}"] = download.getvalue().decode()

        # Requests: refused ones, and defects whose sentence and variables hold everything.
        def fail(*_args: Any, **_kwargs: Any) -> Any:
            password, header = PASSWORD, {"Authorization": f"Bearer {token}"}
            raise RuntimeError(f"{KEY} {API_KEY} password={password} {header} ?sesame={SESAME}")

        monkeypatch.setattr(MissionListView, "get", fail)
        monkeypatch.setattr(health, "ANSWERS", Answers({"redis": fail}))
        settings.DEBUG = True
        headers = {"Authorization": f"Bearer {token}", "X-Api-Key": API_KEY}
        written["refused"] = person.post(
            "/api/v1/auth/token",
            {"username": "nobody", "password": PASSWORD},
            content_type="application/json",
        ).content.decode()
        written["problem"] = person.get("/api/v1/missions/", headers=headers).content.decode()
        written["page"] = person.get(
            f"/health/ready?sesame={SESAME}", headers={**headers, "Accept": "text/html"}
        ).content.decode()
        written["link"] = person.get(f"/login/?sesame={SESAME}").content.decode()
        settings.DEBUG = False

        # What leaves.
        written["metrics"] = person.get("/metrics").content.decode()
        export = person.get(f"/api/v1/missions/{team.mission.pk}/export")
        assert export.status_code == 200
        written["export"] = unpacked(export.getvalue())
        provider.force_flush()
        written["spans"] = b"".join(receiver.raw).decode("latin-1")
        written["log"] = log()

        assert "RuntimeError" in written["page"]
        assert "RuntimeError" in written["log"]
        assert "# Written" in written["export"]
        assert {"cycle", "cycle.work", "landing", "broadcast"} <= {
            span.name for span in receiver.spans
        }
        for place, text in written.items():
            for name, secret in planted.items():
                assert secret not in text, f"the {name} stands in: {place}"
