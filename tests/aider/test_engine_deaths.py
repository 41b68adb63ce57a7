"""The engine process itself: how it starts, dies, comes back, and what it never does."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from agents.aider import process
from agents.aider.engine import Engine, EngineUnavailable, Limits
from tests.aider.aider_model import ScriptedModel, search_block
from tests.aider.aider_runs import Aider, children, children_of
from tests.waiting import wait_until

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]


@pytest.fixture(scope="module")
def own_engine() -> Iterator[Engine]:
    """Give an engine that a test may kill; it starts itself again."""
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def own(own_engine: Engine, model: ScriptedModel, tmp_path: Path) -> Aider:
    own_engine.start()
    return Aider(own_engine, model, tmp_path)


def keepers() -> list[threading.Thread]:
    return [one for one in threading.enumerate() if one.name == "aider-engine-keeper"]


class TestDeaths:
    def test_a_killed_engine_takes_its_runs_along_and_comes_back(
        self, own: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("The first half. ", "", hold=True)
        model.enqueue(search_block("plan.md", "one\n", "two\n"))
        pid, restarts = own.engine.health().pid, own.engine.health().restarts
        assert pid is not None
        family: list[int] = []

        def should_stop() -> None:
            if model.is_answering.is_set() and not family:
                family.extend(children_of(pid))
                os.kill(pid, signal.SIGKILL)

        killed = own.run({"plan.md": "one\n"}, should_stop=should_stop)
        after = own.run({"plan.md": "one\n"})

        assert killed.result.status == "crashed"
        assert killed.result.reason == "the engine process ended during the run"
        assert killed.text("plan.md") == "one\n"
        assert len(family) == 2
        wait_until(lambda: not any(Path(f"/proc/{child}").exists() for child in family))
        assert after.result.status == "completed"
        assert own.engine.health().pid != pid
        assert own.engine.health().restarts == restarts + 1

    def test_a_killed_child_is_a_crash_of_its_run_alone(
        self, own: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("The first half. ", "", hold=True)
        pid = own.engine.health().pid
        assert pid is not None

        def should_stop() -> None:
            if model.is_answering.is_set():
                os.kill(min(children_of(pid)), signal.SIGKILL)
                model.is_answering.clear()

        killed = own.run({"plan.md": "one\n"}, should_stop=should_stop)
        after = own.run({"plan.md": "one\n"})

        assert killed.result.status == "crashed"
        assert "SIGKILL" in killed.result.reason
        assert after.result.status == "completed"
        assert own.engine.health().pid == pid

    def test_a_stopped_engine_cannot_hold_a_run(
        self, own: Aider, model: ScriptedModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agents.aider.conversation.KILL_SECONDS", 0.5)
        pid = own.engine.health().pid
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)

        stuck = own.run({"plan.md": "one\n"}, limits=Limits(wall_seconds=1))
        after = own.run({"plan.md": "one\n"})

        assert stuck.result.status == "timed_out"
        assert after.result.status == "completed"
        assert own.engine.health().pid != pid

    def test_an_engine_that_died_at_rest_costs_no_run(self, own: Aider) -> None:
        pid = own.engine.health().pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

        ran = own.run({"plan.md": "one\n"})

        assert ran.result.status == "completed"

    def test_an_engine_that_died_at_rest_comes_back_unasked(self, own: Aider) -> None:
        before = own.engine.health()
        assert before.pid is not None
        os.kill(before.pid, signal.SIGKILL)

        wait_until(lambda: own.engine.health().alive and own.engine.health().pid != before.pid)

        assert own.engine.health().restarts == before.restarts + 1
        assert own.run({"plan.md": "one\n"}).result.status == "completed"

    def test_an_engine_that_cannot_come_back_is_tried_again(
        self, own: Aider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        pid = own.engine.health().pid
        assert pid is not None
        with monkeypatch.context() as broken:
            broken.setattr(process, "BOOT", "raise SystemExit('out of order')")
            os.kill(pid, signal.SIGKILL)
            wait_until(lambda: "could not be started again" in caplog.text)
            assert not own.engine.health().alive

        wait_until(lambda: own.engine.health().alive)

        assert "out of order" in caplog.text

    def test_a_closed_engine_does_not_come_back(self, own: Aider) -> None:
        restarts = own.engine.health().restarts
        before = keepers()

        own.engine.close()

        assert len(keepers()) == len(before) - 1, "its own is gone, those of other engines stay"
        assert own.engine.health().restarts == restarts

    def test_closing_ends_everything(self, own: Aider) -> None:
        family = [own.engine.health().pid, *children(own.engine)]

        own.engine.close()

        wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in family))

    def test_an_old_engine_is_replaced_without_a_pause(
        self, model: ScriptedModel, tmp_path: Path
    ) -> None:
        engine = Engine(runs_before_restart=2)
        own = Aider(engine, model, tmp_path)
        try:
            first = []
            for _ in range(2):
                own.run({"plan.md": "one\n"})
                first.append(engine.health().pid)
            own.run({"plan.md": "one\n"})
            wait_until(lambda: engine.health().restarts == 1)
            fresh = own.run({"plan.md": "one\n"})
            wait_until(lambda: not Path(f"/proc/{first[0]}").exists())
        finally:
            engine.close()

        assert first[0] == first[1] != engine.health().pid
        assert fresh.result.seconds < 1
        assert fresh.result.status == "completed"


CLIENT = """
import sys, time
sys.path.insert(0, {root!r})
from agents.aider.engine import Engine
engine = Engine()
engine.start()
print(engine.health().pid, flush=True)
time.sleep(60)
"""


class TestClientDeath:
    def test_ends_the_engine_and_its_children(self) -> None:
        client = subprocess.Popen(
            [sys.executable, "-c", CLIENT.format(root=str(process.ROOT))],
            stdout=subprocess.PIPE,
            text=True,
        )
        with client:
            assert client.stdout is not None
            pid = int(client.stdout.readline())
            wait_until(lambda: len(children_of(pid)) == 1)
            family = [pid, *children_of(pid)]
            home = Path(f"/proc/{pid}/cwd").readlink()
            assert home.is_dir()

            client.kill()

            wait_until(lambda: not any(Path(f"/proc/{one}").exists() for one in family))
            assert not home.exists()

    def test_a_fork_of_the_client_does_not_hold_the_engine(self) -> None:
        code = CLIENT.replace("time.sleep(60)", "import os\nif os.fork() == 0: time.sleep(60)")
        client = subprocess.Popen(
            [sys.executable, "-c", code.format(root=str(process.ROOT))],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with client:
            assert client.stdout is not None
            pid = int(client.stdout.readline())

            wait_until(lambda: not Path(f"/proc/{pid}").exists())

            os.killpg(client.pid, signal.SIGKILL)


class TestUnavailable:
    def test_aider_missing_is_said_with_what_to_do(
        self, monkeypatch: pytest.MonkeyPatch, model: ScriptedModel, tmp_path: Path
    ) -> None:
        hidden = "sys.modules['aider'] = None; "
        monkeypatch.setattr(
            process, "BOOT", process.BOOT.replace("from agents", hidden + "from agents")
        )
        engine = Engine()

        with pytest.raises(EngineUnavailable, match=r"Aider cannot be loaded.*requirements"):
            engine.start()
        ran = Aider(engine, model, tmp_path).run({"plan.md": "one\n"})

        assert ran.result.status == "unavailable"
        assert "requirements/base.txt" in ran.result.reason
        assert not engine.health().alive

    def test_a_second_thread_is_refused(self, monkeypatch: pytest.MonkeyPatch) -> None:
        thread = (
            "import threading, time;"
            " threading.Thread(target=time.sleep, args=(60,), daemon=True).start(); "
        )
        monkeypatch.setattr(
            process, "BOOT", process.BOOT.replace("from agents", thread + "from agents")
        )

        with pytest.raises(EngineUnavailable, match="2 threads"):
            Engine().start()

    def test_a_slow_start_is_given_up(self) -> None:
        with pytest.raises(EngineUnavailable, match="not ready within"):
            Engine(start_timeout=0.2).start()


NO_OUTSIDE = """
def stop(event, arguments):
    if event in ('socket.connect', 'socket.getaddrinfo') and '127.0.0.1' not in repr(arguments):
        raise SystemExit(f'outside: {arguments}')
sys.addaudithook(stop)
"""


class TestNetwork:
    def test_no_other_address_is_looked_up_or_called(
        self, monkeypatch: pytest.MonkeyPatch, model: ScriptedModel, tmp_path: Path
    ) -> None:
        boot = process.BOOT.replace("from agents", f"exec({NO_OUTSIDE!r}); from agents")
        monkeypatch.setattr(process, "BOOT", boot)
        engine = Engine()
        own = Aider(engine, model, tmp_path)

        own_model = own.run({"plan.md": "one\n"}, sandbox="none")
        strange_model = own.run({"plan.md": "one\n"}, sandbox="none", model="openrouter/x/y")
        engine.close()

        assert own_model.result.status == strange_model.result.status == "completed"
        assert len(model.calls) == 2


class TestNoSandboxToBeHad:
    def test_is_a_refusal_only_when_the_sandbox_was_demanded(
        self, monkeypatch: pytest.MonkeyPatch, model: ScriptedModel, tmp_path: Path
    ) -> None:
        without = "import agents.aider.sandbox as sandbox; sandbox.landlock_abi = lambda: 0; "
        boot = process.BOOT.replace("from agents", without + "from agents")
        monkeypatch.setattr(process, "BOOT", boot)
        engine = Engine()
        own = Aider(engine, model, tmp_path)

        demanded = own.run({"plan.md": "one\n"}, sandbox="landlock")
        preferred = own.run({"plan.md": "one\n"}, sandbox="auto")
        engine.close()

        assert demanded.result.status == "unavailable"
        assert "PARALLAGON_SANDBOX=auto" in demanded.result.reason
        assert preferred.result.status == "completed"
        assert len(model.calls) == 1
