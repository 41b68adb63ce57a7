"""How a team gets on, as one line at the foot of a terminal that redraws itself."""

import logging
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Final, TextIO

from django.core.management.base import OutputWrapper
from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import Segment
from rich.text import Text

from agents.models import Agent, AgentRun
from agents.standalone import is_at_rest

REDRAWS_A_SECOND: Final = 4
SPARE: Final = 2
"""Columns left free: a terminal writes ``^C`` behind the line, which must not begin another."""
NARROW: Final = 40
"""Columns from which on there is room for a bar."""


@dataclass
class TeamLine:
    """What the line says: who rests, who works, and what the runs that ended here took."""

    runs: Sequence[AgentRun]
    stop: threading.Event
    team: Sequence[Agent] = ()
    started: float = field(default_factory=time.monotonic)

    def look(self, team: Sequence[Agent]) -> None:
        """Take in how the agents are now."""
        self.team = team

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = max(1, options.max_width - SPARE)
        bar = width // 10 if width >= NARROW else 0
        if bar:
            resting = ProgressBar(total=max(1, len(self.team)), completed=self._resting, width=bar)
            yield from Segment.adjust_line_length([*console.render(resting, options)], bar)
            yield Segment(" ")
        yield self._words(width - bar - bool(bar))

    @property
    def _resting(self) -> int:
        return sum(map(is_at_rest, self.team))

    def _words(self, room: int) -> Text:
        """Return what there is room for; what matters least stands last and goes first."""
        runs = list(self.runs)
        cost = cost_of(runs)
        tokens = sum((run.input_tokens or 0) + (run.output_tokens or 0) for run in runs)
        parts = [
            f"{self._resting}/{len(self.team)} at rest" if self.team else "starting",
            str(timedelta(seconds=int(time.monotonic() - self.started))),
            *self._now(room),
            f"{len(runs)} run{'' if len(runs) == 1 else 's'}",
            "cost unknown" if cost is None else f"US$ {cost:.2f}",
            f"{_short(tokens)} tokens",
        ]
        words = Text(", ".join(parts), no_wrap=True, end="")
        while words.cell_len > room and len(parts) > 1:
            parts.pop()
            words = Text(", ".join(parts), no_wrap=True, end="")
        words.truncate(room)
        return words

    def _now(self, room: int) -> list[str]:
        if self.stop.is_set():
            return ["stopping"]
        working = [agent.role for agent in self.team if agent.state == Agent.State.RUNNING]
        if len(working) > 1 and room < 2 * NARROW + 10 * len(working):
            return [f"now {working[0]} +{len(working) - 1}"]
        return [f"now {' '.join(working)}"] if working else []


def terminal(stream: OutputWrapper, *, no_color: bool = False) -> Console | None:
    """Return standard error as what a line can redraw itself on, or ``None`` where none can.

    ``NO_COLOR`` and ``no_color`` take the colours away, not the line.
    """
    if not stream.isatty():
        return None
    console = Console(
        stderr=True,
        force_terminal=True,
        soft_wrap=True,
        markup=False,
        highlight=False,
        no_color=no_color or None,
    )
    return console if console.is_interactive else None


@contextmanager
def kept_below(line: TeamLine, console: Console) -> Iterator[None]:
    """Keep the line below whatever else is said, and take it away in the end."""
    direct = sys.stderr
    shown = Live(
        line,
        console=console,
        transient=True,
        redirect_stdout=False,
        refresh_per_second=REDRAWS_A_SECOND,
    )
    with shown:
        console.show_cursor()  # whoever is killed now leaves a terminal that can be used
        _lead_log(direct, sys.stderr)
        try:
            yield
        finally:
            _lead_log(sys.stderr, direct)


def _lead_log(before: TextIO, after: TextIO) -> None:
    """Let lines of the log that went to one stream go to another."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is before:
            handler.setStream(after)


def cost_of(runs: Sequence[AgentRun]) -> Decimal | None:
    """Return what runs cost together; ``None`` where nobody knows it of one."""
    costs = [run.cost for run in runs if run.call_count]
    known = [cost for cost in costs if cost is not None]
    return sum(known, Decimal(0)) if len(known) == len(costs) else None


def _short(number: int) -> str:
    if number < 1000:
        return str(number)
    return f"{number / 1000:.1f}k" if number < 999_950 else f"{number / 10**6:.1f}M"
