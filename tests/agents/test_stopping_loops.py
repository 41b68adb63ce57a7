"""Agents in a circle are paused with the cause in words, and freed by a person."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from agents import hooks
from agents.fingerprint import files_of, fingerprint
from agents.gateway.protocol import CallRecord
from agents.models import Agent, AgentRun
from agents.roles import registry
from agents.selectors import activities
from agents.services import (
    FinishRun,
    RunAgent,
    SetModel,
    SettleMission,
    StartAgent,
    StopAgent,
)
from agents.services.loops import StopLoop
from tests.agents.factories import NOW
from tests.agents.players import Players
from tests.factories import make_mission

OPEN = "# Report\n\n## Architecture\n\nOne process.\n"
SPLIT = "# Report\n\n## Architecture\n\nMany processes.\n"
GOOD = "# Evaluation\n\nGood.\n"
BAD = "# Evaluation\n\nBad.\n"
PAIR = {"production", "evaluation"}


def play(players: Players, *, rounds: int) -> int:
    """Let two undo each other; return in which round one of them could not any more."""
    files = ("production.md", "evaluation.md")
    for number in range(rounds):
        texts = (SPLIT, BAD) if number % 2 == 0 else (OPEN, GOOD)
        for role, path, text in zip(("production", "evaluation"), files, texts, strict=True):
            if players.states()[role] == "PAUSED_BREAKER":
                return number + 1
            players.write(role, path, text)
    return rounds + 1


@pytest.fixture(params=["en"])
def players(
    request: pytest.FixtureRequest, transactional_db: None, settings: Any, tmp_path: Any
) -> Players:
    settings.DATA_DIR = tmp_path / "data"
    files = {
        "demande.md": "It must.\n",
        "specifications.md": "",
        "production.md": OPEN,
        "evaluation.md": GOOD,
    }
    mission = make_mission(files=files, language=request.param)
    for role in ("specifications", "production", "management", "evaluation", "suivi"):
        Agent.objects.get_or_create(
            mission=mission, role=role, defaults={"interval": 20, "state_changed_at": NOW}
        )
    return Players(mission)


@pytest.fixture
def told() -> Iterator[list[hooks.LoopStopped]]:
    found: list[hooks.LoopStopped] = []
    hooks.on_loop.append(found.append)
    yield found
    hooks.on_loop.remove(found.append)


class TestPingPong:
    def test_stops_within_three_rounds_and_says_who_and_what(
        self, players: Players, told: list[hooks.LoopStopped]
    ):
        assert play(players, rounds=9) <= 3

        states = players.states()
        assert {role for role, state in states.items() if state == "PAUSED_BREAKER"} == PAIR
        reason = players.agent("production").reason
        assert reason == (
            "Evaluation and Production undo each other’s work: the section “Architecture” of"
            " production.md has returned to an earlier text 2 times"
        )
        assert players.agent("evaluation").reason == reason
        [stopped] = told
        assert (set(stopped.roles), stopped.reason) == (PAIR, reason)

    def test_is_announced_once_an_agent(self, players: Players):
        play(players, rounds=9)

        paused = [e for e in players.events("agent.changed") if e["state"] == "PAUSED_BREAKER"]
        assert sorted(event["role"] for event in paused) == sorted(PAIR)
        assert {event["loop"] for event in paused} == {"returned"}

    @pytest.mark.parametrize("players", ["fr"], indirect=True)
    def test_speaks_the_language_of_the_mission(self, players: Players):
        play(players, rounds=9)

        assert "a repris 2 fois un texte antérieur" in players.agent("production").reason

    def test_others_do_not_wake_who_goes_in_a_circle(self, players: Players):
        play(players, rounds=9)

        players.write("specifications", "specifications.md", "# Specifications\n")

        assert players.states()["production"] == "PAUSED_BREAKER"

    def test_does_not_keep_the_mission_from_resting(self, players: Players):
        play(players, rounds=9)
        let_have_looked(players, "specifications", "suivi")

        assert SettleMission(mission=players.mission, now=players.now).execute()

        assert players.states() == {
            "production": "PAUSED_BREAKER", "evaluation": "PAUSED_BREAKER", "suivi": "SETTLED",
            "specifications": "SETTLED",
        }  # fmt: skip
        key = players.mission.pk
        assert activities([key]) == {key: "settled"}
        assert players.events("mission.changed")[-1]["activity"] == "settled"
        assert "undo each other" in players.agent("production").reason

    def test_the_last_awake_to_go_in_a_circle_says_that_the_mission_rests(self, players: Players):
        for role in ("specifications", "suivi"):
            StopAgent(agent=players.agent(role), now=NOW).execute()

        play(players, rounds=9)

        settled = [e for e in players.events("mission.changed") if e["activity"] == "settled"]
        assert len(settled) == 1


class TestFreed:
    def test_by_any_edit_of_a_person(self, players: Players):
        play(players, rounds=9)

        players.save("demande.md", "It must, and soon.\n")

        assert players.states()["production"] == players.states()["evaluation"] == "IDLE"
        production = players.agent("production")
        assert (production.loop, production.reason) == ("", "demande.md has changed")
        assert production.next_run_at == players.now + timedelta(seconds=2)

    @pytest.mark.parametrize(
        "free",
        [
            lambda agent, now: StartAgent(agent=agent, now=now).execute(),
            lambda agent, now: RunAgent(agent=agent, now=now).execute(),
            lambda agent, now: SetModel(agent=agent, model="offline/writer", now=now).execute(),
        ],
        ids=["start", "run now", "another model"],
    )
    def test_by_a_persons_word(self, players: Players, free: Any):
        play(players, rounds=9)

        free(players.agent("production"), players.now)

        production = players.agent("production")
        assert production.state in {"IDLE", "QUEUED"}
        assert (production.loop, production.undisturbed_since) == ("", players.now)
        assert players.states()["evaluation"] == "PAUSED_BREAKER"

    def test_has_a_fresh_start(self, players: Players):
        play(players, rounds=9)
        players.save("demande.md", "It must, and soon.\n")

        players.write("production", "production.md", OPEN)

        assert players.states()["production"] == "IDLE"

    def test_a_person_in_between_is_a_cause(self, players: Players):
        for number in range(6):
            text = SPLIT if number % 2 == 0 else OPEN
            players.write("production", "production.md", text)
            players.save("demande.md", f"Rather {number}.\n")

        assert players.states()["production"] == "IDLE"


class TestAlone:
    def test_who_is_refused_for_the_same_reason_again_and_again(self, players: Players):
        for _ in range(3):
            assert players.states()["production"] == "IDLE"
            players.end("production", "rejected", "it tried to change what it may not: demande.md")

        production = players.agent("production")
        assert (production.state, production.loop) == ("PAUSED_BREAKER", "refused")
        assert production.reason.startswith("its last 3 results could not be taken as they were")
        assert production.reason.endswith("demande.md")

    def test_but_not_in_review_mode_where_every_result_waits_for_a_person(self, players: Players):
        Agent.objects.filter(mission=players.mission).update(mode=Agent.Mode.REVIEW)

        for _ in range(4):
            players.end("production", "proposed", "the agent works in review mode")

        assert players.states()["production"] == "IDLE"

    def test_whose_run_costs_far_more_than_its_others(self, players: Players):
        for _ in range(5):
            run = players.begin("production")
            players.finish(run, "unchanged", "")
            AgentRun.objects.filter(pk=run.pk).update(cost=Decimal("0.01"))

        run = players.begin("production")
        run_with_cost(run, Decimal("0.09"), now=players.now)

        production = players.agent("production")
        assert (production.state, production.loop) == ("PAUSED_BREAKER", "cost")
        assert production.reason == "its last run cost 9 times what its runs usually cost"

    def test_whoever_shall_stop_stops(self, players: Players):
        for _ in range(2):
            players.end("production", "rejected", "no")
        run = players.begin("production")
        StopAgent(agent=players.agent("production"), now=players.now).execute()

        players.finish(run, "rejected", "no")

        assert players.agent("production").state == "STOPPED"

    def test_costs_three_queries_where_nothing_is_found(
        self, players: Players, django_assert_max_num_queries: Any
    ):
        for _ in range(20):
            players.end("production", "unchanged")
        for number in range(3):
            players.write("production", "production.md", SPLIT + "More.\n" * number)
        run = AgentRun.objects.filter(outcome="changed").latest("queued_at")
        agent = players.agent("production")

        # the last runs, what those changed and the team (only where there are three changes)
        with django_assert_max_num_queries(3):
            found = StopLoop(agent=agent, run=run, now=players.now)._find()

        assert found is None


def run_with_cost(run: AgentRun, cost: Decimal, *, now: datetime) -> None:
    """Finish a run whose one call was charged."""
    call = CallRecord(
        number=1, started_at=now.timestamp(), seconds=1.0, status=200, input_tokens=10,
        output_tokens=10, cached_tokens=None, is_estimated=False, finish_reason="stop",
        is_complete=True, failure=None, detail="", cost=str(cost),
    )  # fmt: skip
    FinishRun(run=run, outcome="unchanged", reason="", calls=[call], now=now).execute()


def let_have_looked(players: Players, *roles: str) -> None:
    """Let agents know the files as they are."""
    files = files_of(players.mission.pk)
    for role in roles:
        agent = players.agent(role)
        seen = fingerprint(agent, registry.of(agent), mission=players.mission, files=files)
        Agent.objects.filter(pk=agent.pk).update(fingerprint=seen)
