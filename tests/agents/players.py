"""Agents whose runs end as a test says, through the real landing and without Aider."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.utils import translation

from agents.models import Agent, AgentRun
from agents.services import FinishRun, StartAgent
from missions.landing import Author, Change, land
from missions.models import Event, Mission
from missions.services import SaveFile
from tests.agents.factories import NOW


class Players:
    """Some agents of one mission, and a clock that each thing moves on by ten seconds."""

    def __init__(self, mission: Mission) -> None:
        self.mission = mission
        self.now = NOW
        for role in ("specifications", "production", "evaluation", "suivi"):
            StartAgent(agent=self.agent(role), now=NOW).execute()

    def agent(self, role: str) -> Agent:
        return Agent.objects.select_related("mission").get(mission=self.mission, role=role)

    def states(self) -> dict[str, str]:
        found = Agent.objects.filter(mission=self.mission).exclude(state="STOPPED")
        return dict(found.values_list("role", "state"))

    def events(self, kind: str) -> list[Any]:
        found = Event.objects.filter(mission=self.mission, type=kind).order_by("seq")
        return [event.data for event in found]

    def begin(self, role: str) -> AgentRun:
        """Let a run be at work."""
        self.now += timedelta(seconds=10)
        agent = self.agent(role)
        agent.move_to("QUEUED", reason="", now=self.now, next_run_at=None)
        agent.move_to("RUNNING", reason="", now=self.now)
        return AgentRun.objects.create(
            pk=uuid4(), agent=agent, mission=self.mission, trigger="change", state="RUNNING",
            queued_at=self.now, started_at=self.now,
        )  # fmt: skip

    def write(self, role: str, path: str, text: str) -> None:
        """Let a run change a file, as a cycle does: it is finished with its landing."""
        run = self.begin(role)
        number = self.mission.files.get(path=path).current
        land(
            self.mission,
            [Change(path=path, text=text, base=number.number if number else None)],
            author=Author.agent(role, run.pk),
            now=self.now,
            within=lambda landing: self.finish(run, "changed", path),
        )

    def end(self, role: str, outcome: str, reason: str = "", failure: str = "") -> None:
        self.finish(self.begin(role), outcome, reason, failure)

    def finish(self, run: AgentRun, outcome: str, reason: str, failure: str = "") -> None:
        with translation.override(self.mission.language):
            FinishRun(
                run=run, outcome=outcome, reason=reason, failure=failure, now=self.now
            ).execute()

    def save(self, path: str, text: str) -> None:
        self.now += timedelta(seconds=10)
        base = self.mission.files.get(path=path).current
        SaveFile(
            mission=self.mission, user=self.mission.owner, path=path, text=text,
            base=base.number if base else None, now=self.now,
        ).execute()  # fmt: skip
