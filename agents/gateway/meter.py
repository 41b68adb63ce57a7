"""Count what runs use, against their own allowance and their mission's day.

Pure: no clock, no files. Token estimates take four characters for one token until the provider
tells its own count.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from agents.gateway.protocol import Allowance

CHARACTERS_PER_TOKEN = 4


def estimate_tokens(characters: int) -> int:
    """Return about how many tokens a text of this length has."""
    return -(-characters // CHARACTERS_PER_TOKEN)


@dataclass
class MissionMeter:
    """What a mission's runs used since the first of those in flight, finished ones included."""

    calls: int = 0
    output_tokens: int = 0
    runs: list[RunMeter] = field(default_factory=list)

    def enter(self, allowance: Allowance) -> RunMeter:
        """Return the meter of a run that begins."""
        # What is left of the day was computed without the runs in flight: what they used so far
        # comes off. Finished ones were in that computation, so their use comes on again.
        used_calls = sum(run.calls for run in self.runs)
        used_tokens = sum(run.output_tokens for run in self.runs)
        run = RunMeter(
            mission=self,
            allowance=allowance,
            last_call=self.calls - used_calls + allowance.mission_calls,
            last_token=self.output_tokens - used_tokens + allowance.mission_output_tokens,
        )
        self.runs.append(run)
        return run

    def leave(self, run: RunMeter) -> None:
        """Take a finished run out of those in flight; what it used stays counted for the others."""
        self.runs.remove(run)


@dataclass(eq=False)
class RunMeter:
    """What one run used, and how far the mission's counters may go for it."""

    mission: MissionMeter
    allowance: Allowance
    last_call: int
    last_token: int
    calls: int = 0
    output_tokens: int = 0

    def begin_call(self) -> str | None:
        """Count a call that begins; return the sentence that forbids it instead, if one does."""
        if self.calls >= self.allowance.calls:
            return f"the run's allowance of {self.allowance.calls} model calls was used up"
        if self.mission.calls >= self.last_call:
            return "the mission's allowance of model calls for the day was used up"
        if sentence := self._tokens_sentence(can_be_reached=False):
            return sentence
        self.calls += 1
        self.mission.calls += 1
        return None

    def count_output(self, tokens: int) -> str | None:
        """Count output tokens (negative: an estimate was too high); say so when they are too many.

        Returns the sentence for people, or `None` while all is well.
        """
        self.output_tokens += tokens
        self.mission.output_tokens += tokens
        return self._tokens_sentence(can_be_reached=True)

    def _tokens_sentence(self, *, can_be_reached: bool) -> str | None:
        room = 0 if can_be_reached else 1
        if self.output_tokens + room > self.allowance.output_tokens:
            return (
                f"the run's allowance of {self.allowance.output_tokens} output tokens was used up"
            )
        if self.mission.output_tokens + room > self.last_token:
            return "the mission's allowance of output tokens for the day was used up"
        return None
