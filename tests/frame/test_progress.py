"""The line that shows how a team gets on: what it says at any width, and where none is drawn."""

import io
import logging
import sys
import threading
from decimal import Decimal

import pytest
from django.core.management.base import OutputWrapper
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from agents.models import Agent, AgentRun
from parallagon.management.progress import TeamLine, cost_of, kept_below, terminal

State = Agent.State


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


def team(*states: str) -> list[Agent]:
    return [
        Agent(role=f"role{number}", state=state, next_run_at=None)
        for number, state in enumerate(states)
    ]


def run(cost: str | None, calls: int = 1, tokens: int | None = 500) -> AgentRun:
    dollars = None if cost is None else Decimal(cost)
    return AgentRun(cost=dollars, call_count=calls, input_tokens=tokens, output_tokens=tokens)


def drawn(line: TeamLine, width: int, *, stream: io.StringIO | None = None) -> str:
    """Return what stands on a terminal of that width, without colours."""
    stream = stream or Tty()
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    console.print(line, end="", soft_wrap=True)
    return stream.getvalue()


def line_of(*states: str, runs: list[AgentRun] | None = None) -> TeamLine:
    return TeamLine(runs=runs or [], stop=threading.Event(), team=team(*states))


class TestTeamLine:
    def test_says_who_rests_who_works_and_what_it_took(self):
        runs = [run("0.5"), run("0.75"), run(None, calls=0, tokens=None)]
        line = line_of(State.SETTLED, State.RUNNING, State.IDLE, State.PAUSED_BUDGET, runs=runs)

        said = drawn(line, 80)

        assert said == "━━━╸    2/4 at rest, 0:00:00, now role1, 3 runs, US$ 1.25, 2.0k tokens"

    def test_leaves_out_what_matters_least(self):
        line = line_of(State.SETTLED, *[State.RUNNING] * 3, runs=[run("1")])

        assert ", now role1 role2 role3, " in drawn(line, 140)
        assert drawn(line, 60).endswith("1/4 at rest, 0:00:00, now role1 +2, 1 run, US$ 1.00")
        assert drawn(line, 30) == "1/4 at rest, 0:00:00"
        assert drawn(line, 13) == "1/4 at rest"

    def test_says_that_it_begins_and_that_it_ends(self):
        line = line_of()
        assert drawn(line, 30).startswith("starting, ")

        line.look(team(State.RUNNING))
        line.stop.set()

        assert ", stopping, " in drawn(line, 80)
        assert "now" not in drawn(line, 80)

    @given(
        width=st.integers(1, 300),
        states=st.lists(st.sampled_from(State.values), max_size=12),
        costs=st.lists(st.none() | st.integers(0, 10**9).map(str), max_size=5),
    )
    def test_is_one_line_at_any_width(self, width: int, states: list[str], costs: list[str | None]):
        said = drawn(line_of(*states, runs=[run(cost) for cost in costs]), width)

        assert "\n" not in said
        assert cell_len(said) <= max(1, width - 2)


class TestCostOf:
    def test_is_unknown_when_one_is(self):
        assert cost_of([run("0.5"), run(None)]) is None

    def test_takes_no_notice_of_runs_that_asked_nobody(self):
        assert cost_of([run("0.5"), run(None, calls=0)]) == Decimal("0.5")


class TestTerminal:
    def test_is_none_in_a_file_that_is_to_have_colours(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("FORCE_COLOR", "1")

        assert terminal(OutputWrapper(io.StringIO())) is None

    def test_is_none_where_nothing_can_be_redrawn(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("TERM", "dumb")

        assert terminal(OutputWrapper(Tty())) is None

    def test_can_do_without_colours(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("TERM", "xterm")
        monkeypatch.setenv("NO_COLOR", "1")

        console = terminal(OutputWrapper(Tty()))

        assert console is not None
        assert console.no_color


def test_lines_of_the_log_stand_above_the_line(monkeypatch: pytest.MonkeyPatch):
    stream = Tty()
    monkeypatch.setattr(sys, "stderr", stream)
    handler = logging.StreamHandler(stream)
    monkeypatch.setattr(logging.getLogger(), "handlers", [handler])
    console = Console(file=stream, width=80, force_terminal=True, color_system=None, soft_wrap=True)

    with kept_below(line_of(State.RUNNING), console):
        logging.getLogger("agents").error("a [bold] word")
        assert "\x1b[2Ka [bold] word\n" in stream.getvalue()

    assert stream.getvalue().endswith("\r\x1b[1A\x1b[2K")
    assert handler.stream is stream
