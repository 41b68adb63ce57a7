"""What is left of a mission's agents when it is gone for good: nothing."""

from datetime import timedelta

from django.utils import timezone
from rest_framework.test import APIClient

from agents.models import Agent, AgentRun
from agents.selectors import run_directory
from missions.locks import RunLock
from missions.models import Mission
from missions.services import DeleteMission, PurgeMission

LATER = timezone.now() + timedelta(days=40)


def delete(mission: Mission) -> None:
    DeleteMission(mission=mission, user=mission.owner, now=timezone.now()).execute()


def test_its_agents_and_runs_are_hidden_at_once(http: APIClient, changed_run: AgentRun) -> None:
    mission = changed_run.agent.mission
    assert http.get(f"/api/v1/runs/{changed_run.pk}/").status_code == 200

    delete(mission)

    assert http.get(f"/api/v1/runs/{changed_run.pk}/").status_code == 404
    assert http.get(f"/api/v1/agents/{changed_run.agent_id}/").status_code == 404
    assert http.get(f"/api/v1/agents/?mission={mission.pk}").json().get("results", []) == []


def test_what_its_runs_left_goes_with_it(changed_run: AgentRun) -> None:
    mission = changed_run.agent.mission
    lock = RunLock(changed_run.pk)
    lock.acquire()
    lock.release()
    assert run_directory(changed_run.pk).exists()
    delete(mission)

    PurgeMission(mission=mission, now=LATER).execute()

    assert not run_directory(changed_run.pk).exists()
    assert not Agent.objects.exists()
    assert not AgentRun.objects.exists()
