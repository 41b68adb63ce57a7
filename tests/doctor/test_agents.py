"""Faults of the engine, of the sandbox, of models; and what dead processes left."""

import json
import os
import threading
import uuid
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.utils import timezone

from agents.aider import sandbox, seccomp
from agents.gateway import discovery, prices
from missions.models import LandingRecord, Sweep
from parallagon.doctor import engine, leftovers, models
from tests.agents.factories import make_agent, make_run
from tests.doctor.findings import bad, codes
from tests.factories import make_mission

SECRET = "sk-hunter2hunter2"


@pytest.mark.engine
@pytest.mark.xdist_group("engine")
class TestEngine:
    def test_really_starts_and_forks(self) -> None:
        assert codes(engine.examine()) == {"engine.starts": "fine", "engine.forks": "fine"}

    def test_that_does_not_start(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(engine, "SECONDS", 0.001)

        assert bad(engine.examine()) == {"engine.starts": "problem"}


class TestSandbox:
    @pytest.mark.parametrize(
        ("wanted", "abi", "found"),
        [
            ("none", 6, {"sandbox.level": "warning"}),
            ("auto", 0, {"sandbox.level": "warning"}),
            ("landlock", 0, {"sandbox.level": "problem"}),
            ("auto", 3, {"sandbox.abi": "warning"}),
            ("auto", 5, {"sandbox.abi": "warning"}),
            ("auto", 6, {}),
        ],
    )
    def test_says_what_it_lacks(
        self,
        settings: LazySettings,
        monkeypatch: pytest.MonkeyPatch,
        wanted: str,
        abi: int,
        found: dict[str, str],
    ) -> None:
        settings.PARALLAGON_SANDBOX = wanted
        monkeypatch.setattr(sandbox, "landlock_abi", lambda: abi)
        monkeypatch.setattr(seccomp, "is_available", lambda: True)

        assert bad(engine.examine_sandbox()) == found


class ModelsServer(BaseHTTPRequestHandler):
    """A server that tells one model."""

    def do_GET(self) -> None:
        body = json.dumps({"data": [{"id": "one"}]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    discovery.forget()
    with HTTPServer(("127.0.0.1", 0), ModelsServer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()
        thread.join()
    discovery.forget()


class TestModels:
    @pytest.fixture(autouse=True)
    def environment(self, settings: LazySettings) -> dict[str, str]:
        variables: dict[str, str] = {}
        settings.ENVIRONMENT = variables
        settings.PARALLAGON_MODEL = "offline/writer"
        return variables

    def test_that_need_nothing(self) -> None:
        assert bad(models.examine()) == {}

    @pytest.mark.parametrize("reply", ["", RuntimeError("a phrase is missing")])
    def test_whose_offline_writer_is_broken(
        self, monkeypatch: pytest.MonkeyPatch, reply: str | Exception
    ) -> None:
        def write(_messages: object) -> str:
            if isinstance(reply, Exception):
                raise reply
            return reply

        monkeypatch.setattr(models, "write_reply", write)

        assert bad(models.examine()) == {"models.offline": "problem"}

    def test_names_variables_and_never_their_values(self, environment: dict[str, str]) -> None:
        environment["OPENAI_API_KEY"] = SECRET

        said = " ".join(one.sentence + one.advice for one in models.examine())

        assert "OPENAI_API_KEY" in said
        assert SECRET not in said

    @pytest.mark.parametrize("model", ["openai/gpt-4o", "nobody/knows"])
    def test_whose_default_cannot_be_used(self, settings: LazySettings, model: str) -> None:
        settings.PARALLAGON_MODEL = model

        assert bad(models.examine())["models.default"] == "problem"

    def test_whose_key_cannot_be_read(self, environment: dict[str, str], tmp_path: Path) -> None:
        environment["OPENAI_API_KEY_FILE"] = str(tmp_path / "gone")

        assert bad(models.examine()) == {"models.key": "problem"}

    def test_whose_price_nobody_told(
        self, settings: LazySettings, environment: dict[str, str]
    ) -> None:
        settings.PARALLAGON_MODEL = "openai/unheard-of"
        environment["OPENAI_API_KEY"] = SECRET

        assert bad(models.examine()) == {"models.prices": "warning"}

    def test_without_a_table_of_prices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(prices, "_table", dict)

        assert bad(models.examine()) == {"models.prices": "warning"}

    def test_that_answer(self, environment: dict[str, str], address: str) -> None:
        environment["OLLAMA_API_BASE"] = address

        assert codes(models.ask(environment)) == {"models.reachable": "fine"}

    def test_that_do_not_answer(self, environment: dict[str, str]) -> None:
        environment["OLLAMA_API_BASE"] = "http://127.0.0.1:1/v1"

        assert bad(models.ask(environment)) == {"models.reachable": "problem"}

    def test_are_not_asked_where_nothing_is_set(self) -> None:
        assert codes(models.ask({})) == {}


@pytest.mark.django_db
class TestLeftovers:
    @pytest.fixture(autouse=True)
    def folder(self, settings: LazySettings, tmp_path: Path) -> Path:
        settings.DATA_DIR = tmp_path
        return tmp_path

    def test_that_are_none(self) -> None:
        assert codes(leftovers.examine()) == {"leftovers.none": "fine"}

    def test_a_landing_that_was_not_finished(self) -> None:
        LandingRecord.objects.create(
            mission=make_mission(), entries=[], created_at=timezone.now() - timedelta(hours=1)
        )

        assert bad(leftovers.examine()) == {"leftovers.landings": "problem"}

    def test_a_run_whose_worker_is_gone(self) -> None:
        silent = timezone.now() - timedelta(hours=1)
        agent = make_agent(make_mission(), "production")
        make_run(agent, state="RUNNING", outcome="", finished_at=None, heartbeat_at=silent)

        assert bad(leftovers.examine()) == {"leftovers.runs": "problem"}

    def test_a_folder_of_no_run(self, folder: Path) -> None:
        orphan = folder / "staging" / str(uuid.uuid4())
        orphan.mkdir(parents=True)
        os.utime(orphan, (0, 0))

        assert bad(leftovers.examine()) == {"leftovers.folders": "warning"}

    @pytest.mark.parametrize(
        ("hours", "open_count", "found"),
        [
            (1, 0, {}),
            (1, 2, {"leftovers.findings": "problem"}),
            (9, 0, {"leftovers.sweep": "warning"}),
        ],
    )
    def test_what_the_last_sweep_says(
        self, hours: int, open_count: int, found: dict[str, str]
    ) -> None:
        at = timezone.now() - timedelta(hours=hours)
        Sweep.objects.create(
            started_at=at, finished_at=at, file_count=0, blob_count=0, finding_count=open_count,
            open_count=open_count,
        )  # fmt: skip

        assert bad(leftovers.examine()) == found
