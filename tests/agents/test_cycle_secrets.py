"""The provider's key is nowhere but in the gateway and at the provider."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client

from agents.aider.engine import Engine
from tests.agents.cycle_runs import KEY, Team, everything_below, private_folder
from tests.agents.factories import browser
from tests.aider.aider_model import ScriptedModel, search_block
from tests.aider.aider_runs import children_of

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]


def database_text() -> str:
    """Return the whole database as SQL."""
    connection.ensure_connection()
    return "\n".join(connection.connection.iterdump())


class TestTheKey:
    def test_reaches_the_provider_and_stands_nowhere_else(
        self, team: Team, model: ScriptedModel, private_data: Path
    ):
        edit = search_block("production.md", "# Production\n", "# Written\n")
        reply = model.enqueue(f"Your key is {KEY}, I read it in a header.\n", edit, hold=True)
        with team.running("production") as background:
            assert model.is_answering.wait(10)
            staging = private_folder(background.run_id)
            during = [path for path, data in everything_below(staging) if KEY.encode() in data]
            assert (staging / "files" / "production.md").exists()
            reply.may_finish.set()

        run = background.join()
        assert run.outcome == "changed", run.reason
        assert model.tokens == [KEY]
        assert during == []
        left = [path for path, data in everything_below(private_data) if KEY.encode() in data]
        assert left == []
        assert KEY not in database_text()
        assert KEY not in model.prompts()
        assert KEY not in team.log(run, "log", "reply")
        answer = browser(team.owner).get(f"/api/v1/runs/{run.pk}/transcript")
        assert answer.status_code == 200
        replies = [entry for entry in answer.json()["entries"] if entry["kind"] == "reply"]
        assert "I read it in a header." in replies[0]["messages"][0]["text"], "it is the real one"
        assert KEY not in answer.content.decode()

    def test_is_not_in_the_reason_that_a_provider_repeats(self, team: Team, model: ScriptedModel):
        model.enqueue(f"Incorrect API key provided: {KEY}", status=401)

        run = team.run("production")

        assert run.outcome == "failed"
        assert "did not accept the key" in run.reason
        assert KEY not in database_text()
        assert KEY not in team.log(run, "log", "reply")


@pytest.fixture
def engine_beside_the_key(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Give an engine that was started where the key stands in the environment."""
    for name in ("OPENAI_API_KEY", "PARALLAGON_SECRET", "LD_PRELOAD_OF_NOTHING"):
        monkeypatch.setenv(name, KEY)
    engine = Engine()
    engine.start()
    yield engine
    engine.close()


def all_memory(pid: int) -> bytes:
    """Return what a process can write to in its memory, read-only parts of files left out."""
    parts = []
    with Path(f"/proc/{pid}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            span, rights, *_ = line.split()
            if not rights.startswith("rw") or line.endswith("[vvar]"):
                continue
            start, end = (int(number, 16) for number in span.split("-"))
            memory.seek(start)
            parts.append(memory.read(end - start))
    return b"".join(parts)


def open_files(pid: int) -> list[str]:
    """Return where the descriptors of a process lead."""
    return [str(path.readlink()) for path in Path(f"/proc/{pid}/fd").iterdir()]


class TestAKeyInTheWorkersEnvironment:
    def test_is_in_no_process_that_serves_a_run(
        self,
        team: Team,
        model: ScriptedModel,
        engine_beside_the_key: Engine,
        private_data: Path,
        caplog: pytest.LogCaptureFixture,
    ):
        team.workshop = replace(team.workshop, engine=engine_beside_the_key)
        pid = engine_beside_the_key.health().pid
        assert pid is not None
        edit = search_block("production.md", "# Production\n", "# Written\n")
        reply = model.enqueue("A marker of this reply.\n", edit, hold=True)

        with team.running("production") as background:
            assert model.is_answering.wait(20)
            family = [pid, *children_of(pid)]
            environments = [Path(f"/proc/{one}/environ").read_bytes() for one in family]
            arguments = [Path(f"/proc/{one}/cmdline").read_bytes() for one in family]
            memories = [all_memory(one) for one in family]
            files = [path for one in family for path in open_files(one)]
            reply.may_finish.set()
        run = background.join()

        assert run.outcome == "changed", run.reason
        assert model.tokens == [KEY], "the provider got it"
        assert len(family) >= 2
        assert any(b"The tool must count words." in memory for memory in memories), "it was read"
        for seen in (*environments, *arguments, *memories):
            assert KEY.encode() not in seen
        assert not [path for path in files if str(private_data) in path]
        assert KEY not in database_text()
        assert KEY not in model.prompts()
        assert KEY not in team.log(run, "log", "reply")
        assert KEY not in caplog.text
        assert KEY not in Client().get("/metrics").content.decode()
        left = [path for path, data in everything_below(private_data) if KEY.encode() in data]
        assert left == []
