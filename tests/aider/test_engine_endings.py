"""How runs end that do not end well: model faults, limits, cancel, deaths."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from aider_model import ScriptedModel, search_block
from aider_runs import CANARY, SECRETS, Aider, children_of, wait_until

from agents.aider import process
from agents.aider.engine import Engine, EngineRequest, EngineUnavailable, Limits

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]


def busy(engine: Engine) -> bool:
    """Say whether a run is going on in the engine."""
    return engine.health().running > 0


def children(engine: Engine) -> list[int]:
    """Return the children of the engine, the spare one included."""
    pid = engine.health().pid
    assert pid is not None
    return children_of(pid)


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


class TestModelFaults:
    @pytest.mark.parametrize(
        ("status", "calls"), [(400, 1), (401, 1), (404, 1), (429, 2), (500, 2), (503, 2)]
    )
    def test_an_error_status_is_a_failure_with_few_calls(
        self, aider: Aider, model: ScriptedModel, status: int, calls: int
    ) -> None:
        for _ in range(5):
            model.enqueue("the provider's words, see http://127.0.0.1:9/help", status=status)

        ran = aider.run({"plan.md": "one\n"})

        assert ran.result.status == "failed"
        assert "the provider's words" in ran.result.reason
        assert len(model.calls) == calls
        assert ran.result.edited == ()
        assert ran.result.seconds < 3

    def test_an_empty_reply_is_a_failure(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("")

        ran = aider.run({"plan.md": "one\n"})

        assert (ran.result.status, ran.result.reason) == ("failed", "the model's reply was empty")

    def test_nobody_listening_is_a_failure(self, aider: Aider) -> None:
        ran = aider.run({"plan.md": "one\n"}, api_base="http://127.0.0.1:9/v1")

        assert ran.result.status == "failed"
        assert "the model call failed" in ran.result.reason
        assert ran.result.seconds < 5

    def test_an_empty_prompt_is_not_sent(self, aider: Aider, model: ScriptedModel) -> None:
        ran = aider.run({"plan.md": "one\n"}, prompt=" \n")

        assert (ran.result.status, ran.result.reason) == ("failed", "the prompt is empty")
        assert model.calls == []


class TestCancel:
    def test_ends_the_run_at_once_and_leaves_no_process(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("The first half. ", "", hold=True)
        asked: list[float] = []

        def should_stop() -> str | None:
            asked.append(time.monotonic())
            return "a person stopped it" if model.is_answering.is_set() else None

        ran = aider.run({"plan.md": "one\n"}, should_stop=should_stop)
        ended = time.monotonic()

        assert (ran.result.status, ran.result.reason) == ("cancelled", "a person stopped it")
        assert ended - asked[-1] < 1
        assert not busy(aider.engine)
        wait_until(lambda: len(children(aider.engine)) == 1)

    def test_is_asked_at_least_ten_times_a_second(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("text", hold=True)
        count = 0
        ends_at = time.monotonic() + 1

        def should_stop() -> str | None:
            nonlocal count
            count += 1
            return "enough" if time.monotonic() > ends_at else None

        aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        assert count >= 10

    def test_an_error_of_the_caller_ends_the_run_and_is_raised(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("text", hold=True)

        def should_stop() -> str | None:
            raise LookupError("the database is gone")

        with pytest.raises(LookupError):
            aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        assert not busy(aider.engine)


class TestLimits:
    def test_the_wall_clock_ends_a_run(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("text", hold=True)

        ran = aider.run({"plan.md": "one\n"}, limits=Limits(wall_seconds=0.5))

        assert ran.result.status == "timed_out"
        assert ran.result.reason == "the run took more than 0.5 s"
        assert 0.5 <= ran.result.seconds < 3
        assert not busy(aider.engine)

    def test_processor_time_ends_a_run(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("word " * 30_000_000)

        ran = aider.run({"plan.md": "one\n"}, limits=Limits(cpu_seconds=1))

        assert ran.result.status == "timed_out"
        assert ran.result.reason == "the run used more than 1 s of processor time"

    def test_a_file_may_not_grow_past_its_limit(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue(search_block("plan.md", "one\n", "x" * 100_000 + "\n"))

        ran = aider.run({"plan.md": "one\n"}, limits=Limits(file_bytes=50_000))

        assert (ran.staging / "plan.md").stat().st_size <= 50_000

    def test_memory_files_and_descriptors_are_bounded(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("text", hold=True)
        seen: list[str] = []

        def should_stop() -> str | None:
            if not model.is_answering.is_set():
                return None
            seen.extend(Path(f"/proc/{pid}/limits").read_text() for pid in children(aider.engine))
            return "seen"

        aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        limits = {tuple(line.split()[1:5]) for text in seen for line in text.splitlines()}
        assert ("address", "space", "2147483648", "2147483648") in limits
        assert ("file", "size", "4194304", "4194304") in limits
        assert ("open", "files", "256", "256") in limits
        assert ("core", "file", "size", "0") in limits


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


class TestManyAtOnce:
    def test_eight_runs_do_not_mix(self, aider: Aider, model: ScriptedModel) -> None:
        model.default = search_block("plan.md", "one\n", "two\n")

        with ThreadPoolExecutor(8) as pool:
            runs = list(pool.map(lambda n: aider.run({"plan.md": f"{n}\none\n"}), range(24)))

        assert [ran.result.status for ran in runs] == ["completed"] * 24
        assert [ran.text("plan.md") for ran in runs] == [f"{n}\ntwo\n" for n in range(24)]
        wait_until(lambda: len(children(aider.engine)) == 1)

    def test_a_waiting_run_holds_up_no_other(self, aider: Aider, model: ScriptedModel) -> None:
        waiting = model.enqueue("text", hold=True)
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(aider.run, {"plan.md": "one\n"})
            assert model.is_answering.wait(10)

            quick = aider.run({"plan.md": "one\n"})
            assert not slow.done()
            waiting.may_finish.set()

        assert quick.result.status == slow.result().result.status == "completed"
        assert quick.result.seconds < 1

    def test_a_reader_that_dawdles_holds_up_no_other(
        self, aider: Aider, model: ScriptedModel
    ) -> None:
        model.enqueue("word " * 300_000)
        go_on = threading.Event()

        def on_output(_stream: str, _text: str) -> None:
            go_on.wait(10)

        request: EngineRequest = aider.request({"plan.md": "one\n"})
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(
                aider.engine.run,
                request,
                on_output=on_output,
                should_stop=lambda: None,
            )
            assert model.is_answering.wait(10)

            quick = aider.run({"plan.md": "one\n"})
            go_on.set()

        assert quick.result.status == slow.result().status == "completed"


class TestEnvironment:
    def test_holds_nothing_of_the_parent(self, aider: Aider, model: ScriptedModel) -> None:
        model.enqueue("text", hold=True)
        pid = aider.engine.health().pid
        assert pid is not None
        seen: list[bytes] = []

        def should_stop() -> str | None:
            if not model.is_answering.is_set():
                return None
            for one in (pid, *children_of(pid)):
                for name in ("environ", "cmdline"):
                    seen.append(Path(f"/proc/{one}/{name}").read_bytes())
            return "seen"

        aider.run({"plan.md": "one\n"}, should_stop=should_stop)

        assert len(seen) >= 6
        assert not any(CANARY.encode() in text for text in seen)
        assert not any(name.encode() in text for text in seen for name in SECRETS)
