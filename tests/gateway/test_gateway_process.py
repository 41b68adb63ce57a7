"""The gateway process: it comes back when it dies, and never outlives its worker."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path

import httpx
import psutil
import pytest

from agents.gateway.channel import ROOT, gateway_environment
from agents.gateway.charges import Charge
from agents.gateway.client import RESTARTED, Gateway
from agents.gateway.prices import Price, Rates
from agents.gateway.protocol import GatewayUnavailable
from tests.gateway.gateway_provider import Hang, ScriptedProvider, Turn, chunk, delta, head
from tests.gateway.gateway_run import CANARY, QUICK, StartRun
from tests.waiting import wait_until

pytestmark = pytest.mark.faults
FREE = Decimal(0)
TWO_DOLLARS_OUT = Charge(
    price=Price(rates=Rates(input=FREE, output=Decimal(2), cache_read=FREE, cache_write=FREE))
)
HELLO = {"messages": [{"role": "user", "content": "hello"}], "stream": True}


@pytest.fixture
def own_gateway() -> Iterator[Gateway]:
    """A gateway that this test may kill."""
    gateway = Gateway(environment={"OPENAI_API_KEY": CANARY}, bounds=QUICK)
    gateway.start()
    yield gateway
    gateway.close()


def pid_of(gateway: Gateway) -> int:
    pid = gateway.health().pid
    assert pid is not None
    return pid


class TestKill:
    def test_makes_the_runs_of_the_lost_process_void_and_starts_another(
        self, own_gateway: Gateway, start_run: StartRun
    ) -> None:
        run = start_run(at=own_gateway)
        run.child.call()
        port, lost = own_gateway.port, pid_of(own_gateway)

        os.kill(lost, signal.SIGKILL)

        assert run.wait_for_verdict() == RESTARTED
        wait_until(lambda: own_gateway.health().is_alive)
        assert own_gateway.health().restarts == 1
        assert own_gateway.port == port
        assert run.child.call().status == 401
        report = run.finish()
        assert (report.void, len(report.calls), report.output_tokens) == (RESTARTED, 1, 5)

    def test_serves_new_runs_afterwards(self, own_gateway: Gateway, start_run: StartRun) -> None:
        os.kill(pid_of(own_gateway), signal.SIGKILL)
        wait_until(lambda: own_gateway.health().is_alive)

        run = start_run(at=own_gateway)

        assert run.child.call().status == 200
        assert run.finish().void is None

    @pytest.mark.parametrize("pieces", [1, 7, 60])
    def test_in_the_middle_of_a_reply_loses_nothing_that_went_on(
        self, own_gateway: Gateway, provider: ScriptedProvider, start_run: StartRun, pieces: int
    ) -> None:
        """The provider sends a piece, of two tokens and a half, when the test has the last one."""
        turns = threading.Semaphore(0)
        piece = chunk(delta("ten signs "))
        provider.play([head(), *[step for _ in range(pieces) for step in (Turn(turns), piece)],
                       Hang()])  # fmt: skip
        run = start_run(at=own_gateway, charge=TWO_DOLLARS_OUT)
        turns.release()
        with run.child.open(HELLO) as response:
            reply, heard = response.iter_raw(), b""
            while True:
                heard += next(reply)
                if heard.count(b"ten signs ") == pieces:
                    break
                turns.release()

            os.kill(pid_of(own_gateway), signal.SIGKILL)

        assert run.wait_for_verdict() == RESTARTED
        (call,) = run.finish().calls
        sent = -(-10 * pieces // 4)
        assert (call.output_tokens, call.is_estimated, call.is_complete) == (sent, True, False)
        assert call.dollars == sent * Decimal(2) / 1_000_000
        assert call.status == 200

    def test_before_the_reply_begins_loses_no_question(
        self, own_gateway: Gateway, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        provider.play([Hang()])
        run = start_run(at=own_gateway)
        with ThreadPoolExecutor(1) as pool:
            asking = pool.submit(run.child.call)
            wait_until(lambda: bool(provider.received))

            os.kill(pid_of(own_gateway), signal.SIGKILL)

            assert isinstance(asking.exception(10), httpx.TransportError)
        (call,) = run.finish().calls
        assert (call.number, call.status, call.output_tokens) == (1, None, None)
        assert (call.input_tokens, call.is_estimated) == (3, True)

    def test_of_a_process_that_hangs_helps_as_well(
        self, own_gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("agents.gateway.channel.ANSWER_SECONDS", 1)
        os.kill(pid_of(own_gateway), signal.SIGSTOP)

        assert not own_gateway.health().is_alive
        wait_until(lambda: own_gateway.health().is_alive)


class TestEnd:
    def test_comes_with_close(self, own_gateway: Gateway) -> None:
        pid = pid_of(own_gateway)

        own_gateway.close()

        assert not psutil.pid_exists(pid)
        with pytest.raises(GatewayUnavailable):
            _ = own_gateway.port

    def test_comes_with_the_workers_even_a_sudden_one(self) -> None:
        program = (
            "import sys, time; from agents.gateway.client import Gateway; g = Gateway();"
            "g.start(); print(g.health().pid, flush=True); time.sleep(60)"
        )
        environment = gateway_environment(os.environ)
        worker = subprocess.Popen(
            [sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, env=environment
        )
        with worker:
            assert worker.stdout is not None
            pid = int(worker.stdout.readline())
            worker.kill()

        wait_until(lambda: not psutil.pid_exists(pid))

    def test_does_not_come_with_a_signal_to_the_whole_group(
        self, own_gateway: Gateway, start_run: StartRun
    ) -> None:
        run = start_run(at=own_gateway)

        for number in (signal.SIGINT, signal.SIGTERM):
            os.kill(pid_of(own_gateway), number)

        assert run.child.call().status == 200
        assert run.finish().void is None


class TestStart:
    def test_says_what_is_wrong_with_the_pace(self) -> None:
        gateway = Gateway(environment={"PARALLAGON_OFFLINE_PACE": "slow"})

        with pytest.raises(GatewayUnavailable, match="PARALLAGON_OFFLINE_PACE is 'slow'"):
            gateway.start()

    def test_gets_keys_and_little_else_of_the_workers_environment(self) -> None:
        passed = gateway_environment(
            {
                "SECRET_KEY": "s",
                "DATABASE_URL": "d",
                "AWS_SECRET": "a",
                "OPENAI_API_KEY": "k",
                "MISTRAL_API_KEY_FILE": "f",
                "OLLAMA_API_BASE": "b",
                "HTTPS_PROXY": "p",
            }
        )

        assert {"OPENAI_API_KEY", "MISTRAL_API_KEY_FILE", "OLLAMA_API_BASE", "HTTPS_PROXY"} < set(
            passed
        )
        assert not {"SECRET_KEY", "DATABASE_URL", "AWS_SECRET"} & set(passed)
        assert passed["PYTHONPATH"] == str(ROOT)

    def test_imports_nothing_of_the_project_but_the_gateway(self) -> None:
        program = (
            "import agents.gateway.server, sys; print([name for name in sys.modules"
            " if name.split('.')[0] in ('django', 'parallagon', 'missions')"
            " or name.startswith('agents.') and not name.startswith('agents.gateway')])"
        )

        printed = subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            check=True,
            cwd=ROOT,
            timeout=60,
        ).stdout

        assert printed.strip() == b"[]"


class TestThreads:
    def test_may_use_one_gateway_together(
        self, own_gateway: Gateway, start_run: StartRun, tmp_path: Path
    ) -> None:
        voids: list[str | None] = []

        def work() -> None:
            for _ in range(5):
                run = start_run(at=own_gateway)
                run.child.call()
                own_gateway.report(run.run_id)
                voids.append(run.finish().void)

        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)

        assert voids == [None] * 40
        assert own_gateway.health().runs == 0
