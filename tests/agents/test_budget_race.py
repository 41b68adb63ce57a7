"""Six agents that begin together against one small budget, at a provider that streams."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from agents.budget import BudgetHeld, BudgetReached, reserve, scopes_of, spent
from agents.gateway.client import Gateway
from agents.gateway.protocol import Registration, Upstream, read_calls
from agents.models import Agent, AgentRun, Budget, ModelCall
from agents.selectors import run_directory
from agents.services import FinishRun, ReapRun
from missions.models import Mission
from missions.services import CreateMission
from parallagon.accounts.models import User
from tests.gateway.gateway_provider import (
    DONE,
    END,
    ScriptedChild,
    ScriptedProvider,
    Step,
    Turn,
    chunk,
    delta,
    finish,
    head,
)

CAP = Decimal("0.05")
PRICE = Decimal(2)  # dollars for a million output tokens; the question costs next to nothing
PIECE_TOKENS = 400
PIECE = PIECE_TOKENS * PRICE / 1_000_000
PIECES = 20  # of one reply: six whole replies cost twice the cap
REPETITIONS = 50
MODEL = "openai/scripted"


@pytest.fixture
def mission(private_data: Path, owner: User, settings: Any) -> Mission:
    """A mission that may cost five cents, its six agents at work."""
    settings.PARALLAGON_PRICES = {MODEL: (Decimal("0.01"), PRICE)}
    mission = CreateMission(
        owner=owner, title="Words", request="It must count.\n", language="en", model=MODEL,
        now=timezone.now(),
    ).execute()  # fmt: skip
    Budget.objects.create(mission=mission, dollars=CAP, updated_at=timezone.now())
    return mission


@pytest.fixture
def providers() -> Iterator[list[ScriptedProvider]]:
    providers = [ScriptedProvider() for _ in range(6)]
    yield providers
    for provider in providers:
        provider.close()


class Race:
    """One run an agent; each waits for the others at the start, and none after it."""

    def __init__(self, mission: Mission, gateway: Gateway) -> None:
        now = timezone.now()
        Agent.objects.filter(mission=mission).update(state=Agent.State.RUNNING)
        self.runs = AgentRun.objects.bulk_create(
            AgentRun(
                agent=agent, mission=mission, trigger="change", state="RUNNING", model=MODEL,
                queued_at=now, started_at=now, heartbeat_at=now,
            )
            for agent in Agent.objects.filter(mission=mission)
        )  # fmt: skip
        self.gateway = gateway
        self.start = threading.Barrier(len(self.runs))

    def run(self, run: AgentRun, provider: ScriptedProvider) -> str:
        """Do what a cycle does, without Aider; return how it ended."""
        try:
            self.start.wait(20)
            try:
                allowance = reserve(run, characters=400, now=timezone.now())
            except (BudgetReached, BudgetHeld) as error:
                return self.end(run, error.code)
            token = f"token-of-{run.pk}"
            upstream = Upstream(kind="openai", base_url=provider.base_url, model="scripted")
            self.gateway.register(
                Registration(
                    run_id=str(run.pk), mission_id=run.mission_id, token=token,
                    upstream=upstream, allowance=allowance, directory=run_directory(run.pk),
                )
            )  # fmt: skip
            turns = threading.Semaphore(0)
            provider.play(reply(turns))
            child = ScriptedChild(self.gateway.door(upstream).api_base, token)
            child.call(on_piece=lambda: self.heard(turns))
            turns.release(PIECES)
            report = self.gateway.finish(str(run.pk))
            return self.end(run, "stopped" if report.void else "whole")
        finally:
            connection.close()

    def heard(self, turns: threading.Semaphore) -> None:
        """Ask for the next piece."""
        turns.release()

    def end(self, run: AgentRun, how: str) -> str:
        calls = read_calls(run_directory(run.pk))
        outcome = "unchanged" if how == "whole" else "stopped_budget"
        FinishRun(run=run, outcome=outcome, reason=how, calls=calls, now=timezone.now()).execute()
        return how


def reply(turns: threading.Semaphore) -> list[Step]:
    """Return a reply of which a piece is sent once the child has got the one before."""
    piece = chunk(delta("x" * 4 * PIECE_TOKENS))
    steps: list[Step] = [head(), piece]
    for _ in range(PIECES - 1):
        steps += [Turn(turns), piece]
    return [*steps, Turn(turns), chunk(finish() + DONE), END]


class TestACapOfFiveCents:
    def test_holds_for_six_agents_at_once_but_for_the_calls_in_flight(
        self, mission: Mission, gateway: Gateway, providers: list[ScriptedProvider]
    ) -> None:
        for _ in range(REPETITIONS):
            race = Race(mission, gateway)
            with ThreadPoolExecutor(len(race.runs)) as pool:
                ended = list(pool.map(race.run, race.runs, providers))

            settled = spent(scopes_of(mission_id=mission.pk, agent=None, today=today()))
            dollars = settled[f"mission {mission.pk}"].dollars
            in_flight = len([how for how in ended if how in {"stopped", "whole"}])
            assert "stopped" in ended
            assert CAP < dollars <= CAP + in_flight * (PIECE + Decimal("0.0001")), ended
            stopped = ModelCall.objects.filter(failure="over_allowance", status=200)
            assert stopped.filter(output_tokens__gt=0).exists(), "in the middle of a reply"
            assert not AgentRun.objects.exclude(state="FINISHED").exists()
            AgentRun.objects.all().delete()

    def test_leaves_no_run_the_last_cent_twice(
        self, mission: Mission, gateway: Gateway, settings: Any
    ) -> None:
        settings.PARALLAGON_PRICES = {MODEL: (Decimal(1), Decimal(40))}  # a first call: 4.3 cents
        race = Race(mission, gateway)

        def try_it(run: AgentRun) -> str:
            try:
                race.start.wait(20)
                reserve(run, characters=400, now=timezone.now())
            except BudgetHeld as error:
                return error.code
            finally:
                connection.close()
            return "reserved"

        with ThreadPoolExecutor(len(race.runs)) as pool:
            ended = list(pool.map(try_it, race.runs))

        assert sorted(ended) == ["budget_held"] * 5 + ["reserved"]


class TestADeadWorker:
    def test_is_charged_once_what_the_gateway_recorded(
        self, mission: Mission, gateway: Gateway, providers: list[ScriptedProvider]
    ) -> None:
        race = Race(mission, gateway)
        run = race.runs[0]
        race.start = threading.Barrier(1)
        race.end = lambda run, how: how  # type: ignore[method-assign] # it dies before it settles
        assert race.run(run, providers[0]) == "whole"
        long_ago = timezone.now() - timedelta(minutes=1)
        AgentRun.objects.filter(pk=run.pk).update(heartbeat_at=long_ago)
        run.refresh_from_db()

        assert ReapRun(run=run, now=timezone.now()).execute()

        run.refresh_from_db()
        [call] = ModelCall.objects.filter(run=run)
        assert call.cost == run.cost == pytest.approx(PIECES * PIECE, rel=Decimal("0.01"))
        assert (call.mission_id, call.agent_id, call.model) == (mission.pk, run.agent_id, MODEL)
        assert call.output_price == PRICE


class TestADeadGateway:
    @pytest.mark.faults
    def test_loses_no_token_of_the_pieces_that_went_on(
        self, mission: Mission, providers: list[ScriptedProvider]
    ) -> None:
        with closing(Gateway(environment={})) as gateway:
            gateway.start()
            pid = gateway.health().pid
            assert pid is not None
            race = Race(mission, gateway)
            race.start = threading.Barrier(1)
            pieces = iter(range(1, PIECES))

            def heard(turns: threading.Semaphore) -> None:
                if next(pieces) == 7:
                    os.kill(pid, signal.SIGKILL)
                else:
                    turns.release()

            race.heard = heard  # type: ignore[method-assign] # the seventh piece is the last one
            race.run(race.runs[0], providers[0])

        [call] = ModelCall.objects.filter(run=race.runs[0])
        assert (call.output_tokens, call.is_estimated) == (7 * PIECE_TOKENS, True)
        assert call.cost == race.runs[0].cost == pytest.approx(7 * PIECE, rel=Decimal("0.01"))


def today() -> Any:
    return timezone.now().date()
