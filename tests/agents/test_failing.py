"""Agents that fail alike again and again are told of once, and paused where trying is in vain."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents import hooks, loops
from agents.fingerprint import files_of, fingerprint
from agents.models import HEALING, Agent
from agents.roles import registry
from agents.selectors import activities
from agents.services import RunAgent, SetModel, SettleMission, StartAgent, StopAgent
from tests.agents.factories import NOW
from tests.agents.players import Players
from tests.factories import make_mission

TIMES = loops.FAILURES
REFUSED = "the provider refused the request: 400 no tools"


@pytest.fixture(params=["en"])
def players(
    request: pytest.FixtureRequest, transactional_db: None, settings: Any, tmp_path: Any
) -> Players:
    settings.DATA_DIR = tmp_path / "data"
    names = ("demande.md", "specifications.md", "production.md", "evaluation.md")
    mission = make_mission(files=dict.fromkeys(names, "Text.\n"), language=request.param)
    for role in ("specifications", "production", "evaluation", "suivi"):
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


def fail(players: Players, failure: str, *, times: int = 1, reason: str = REFUSED) -> None:
    for _ in range(times):
        players.end("production", "failed", reason, failure)


class TestInVain:
    def test_pauses_with_the_cause_and_is_told_once(
        self, players: Players, told: list[hooks.LoopStopped]
    ):
        fail(players, "refused", times=TIMES - 1)
        assert players.states()["production"] == "BACKING_OFF"
        assert told == []

        fail(players, "refused")

        production = players.agent("production")
        assert (production.state, production.loop) == ("PAUSED_BREAKER", "failing")
        assert production.next_run_at is None
        assert production.reason == f"its last {TIMES} runs failed alike: {REFUSED}"
        [stopped] = told
        assert (stopped.kind, stopped.roles) == ("failing", ("production",))
        assert (stopped.reason, stopped.goes_on) == (production.reason, False)

    @pytest.mark.parametrize("players", ["fr"], indirect=True)
    def test_speaks_the_language_of_the_mission(self, players: Players):
        fail(players, "empty", times=TIMES)

        assert "derniers cycles ont échoué de la même façon" in players.agent("production").reason

    def test_a_run_that_took_too_long_counts_like_any_other(self, players: Players):
        for _ in range(TIMES):
            players.end("production", "timed_out", "too long", "run_timed_out")

        assert players.agent("production").loop == "failing"

    def test_others_failures_say_nothing_of_it(self, players: Players):
        fail(players, "refused", times=TIMES - 1)

        players.end("evaluation", "failed", REFUSED, "refused")

        assert players.states()["evaluation"] == "BACKING_OFF"

    @pytest.mark.parametrize(
        ("outcome", "failure"),
        [("unchanged", ""), ("failed", "filtered"), ("changed", "")],
    )
    def test_another_ending_begins_a_new_count(self, players: Players, outcome: str, failure: str):
        fail(players, "refused", times=TIMES - 1)

        players.end("production", outcome, "", failure)
        fail(players, "refused", times=TIMES - 1)

        assert players.agent("production").loop == ""

    @pytest.mark.parametrize("outcome", ["skipped", "cancelled", "stopped_breaker"])
    def test_runs_that_did_not_get_so_far_are_no_proof_of_anything(
        self, players: Players, outcome: str
    ):
        fail(players, "refused", times=TIMES - 1)

        players.end("production", outcome)
        fail(players, "refused")

        assert players.agent("production").loop == "failing"

    def test_the_mission_settles_without_it(self, players: Players):
        fail(players, "refused", times=TIMES)
        let_have_looked(players, "specifications", "evaluation", "suivi")

        assert SettleMission(mission=players.mission, now=players.now).execute()

        assert players.states()["production"] == "PAUSED_BREAKER"
        assert players.events("mission.changed")[-1]["activity"] == "settled"


class TestFreed:
    def test_by_any_edit_of_a_person_and_counts_anew(
        self, players: Players, told: list[hooks.LoopStopped]
    ):
        fail(players, "refused", times=TIMES)

        players.save("demande.md", "Rather this.\n")

        assert players.states()["production"] == "IDLE"
        fail(players, "refused", times=TIMES - 1)
        assert players.states()["production"] == "BACKING_OFF"
        assert len(told) == 1

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
        fail(players, "refused", times=TIMES)

        free(players.agent("production"), players.now)

        production = players.agent("production")
        assert production.state in {"IDLE", "QUEUED"}
        assert production.loop == ""


class TestWhatMayPass:
    @pytest.mark.parametrize("failure", sorted(HEALING))
    def test_is_told_once_and_tried_again(
        self, players: Players, told: list[hooks.LoopStopped], failure: str
    ):
        fail(players, failure, times=TIMES + 3)

        production = players.agent("production")
        assert (production.state, production.loop) == ("BACKING_OFF", "")
        assert production.next_run_at is not None
        [stopped] = told
        assert stopped.goes_on
        assert "it goes on trying" in stopped.reason

    def test_is_told_again_after_it_had_passed(
        self, players: Players, told: list[hooks.LoopStopped]
    ):
        fail(players, "overloaded", times=TIMES)
        players.end("production", "unchanged")

        fail(players, "overloaded", times=TIMES)

        assert len(told) == 2


class TestOnlyAPersonCanHelp:
    @pytest.mark.parametrize("failure", ["unauthorized", "not_found", "context_too_long"])
    def test_nobody_waits_for_an_agent_without_a_next_look(self, players: Players, failure: str):
        fail(players, failure, reason="Check the provider's key.")
        let_have_looked(players, "specifications", "evaluation", "suivi")
        before = players.agent("production")
        assert (before.next_run_at, before.loop) == (None, "")

        assert SettleMission(mission=players.mission, now=players.now).execute()

        states = players.states()
        assert states.pop("production") == before.state
        assert set(states.values()) == {"SETTLED"}
        key = players.mission.pk
        assert activities([key]) == {key: "settled"}
        assert players.events("mission.changed")[-1]["activity"] == "settled"
        assert players.agent("production").reason == "Check the provider's key."

    def test_the_last_one_at_work_says_that_the_mission_rests(self, players: Players):
        let_have_looked(players, "specifications", "evaluation", "suivi")
        production = players.begin("production")
        others = Agent.objects.filter(role__in=("specifications", "evaluation", "suivi"))
        others.update(state="SETTLED", next_run_at=None)

        players.finish(production, "failed", "Check the key.", "unauthorized")

        assert players.events("mission.changed")[-1]["activity"] == "settled"

    def test_a_team_of_which_nobody_can_work_has_not_settled(self, players: Players):
        for role in ("specifications", "evaluation", "suivi"):
            StopAgent(agent=players.agent(role), now=NOW).execute()

        fail(players, "unauthorized")

        assert not SettleMission(mission=players.mission, now=players.now).execute()
        key = players.mission.pk
        assert activities([key]) == {key: "waiting"}

    def test_a_persons_edit_wakes_the_settled_and_who_waits_for_other_files(self, players: Players):
        fail(players, "context_too_long")
        let_have_looked(players, "specifications", "evaluation", "suivi")
        assert SettleMission(mission=players.mission, now=players.now).execute()

        players.save("specifications.md", "Shorter.\n")

        assert players.states()["production"] == "IDLE"
        assert players.states()["evaluation"] == "IDLE"


@given(st.lists(st.sampled_from(["refused", "empty", ""]), min_size=1))
def test_failures_alike_are_those_before_the_first_other_one(newest_first: list[str]):
    count = loops.failures_alike(newest_first)

    assert set(newest_first[:count]) == {newest_first[0]}
    assert newest_first[count : count + 1] != [newest_first[0]]


def let_have_looked(players: Players, *roles: str) -> None:
    """Let agents know the files as they are."""
    files = files_of(players.mission.pk)
    for role in roles:
        agent = players.agent(role)
        seen = fingerprint(agent, registry.of(agent), mission=players.mission, files=files)
        Agent.objects.filter(pk=agent.pk).update(fingerprint=seen)
