"""What is done to agents and runs."""

from agents.services.budget import SetAgentBudget, SetMissionBudget
from agents.services.control import (
    CancelRun,
    RunAgent,
    SetModel,
    StartAgent,
    StartMission,
    StopAgent,
    StopMission,
)
from agents.services.dispatch import Dispatch, MarkSent
from agents.services.finish import FinishRun, RequeueRun, SettleMission, SkipRun
from agents.services.patterns import SetFiles, follow_files
from agents.services.purge import purge_runs
from agents.services.reap import ReapRun
from agents.services.reconcile import ReconcileRoles
from agents.services.wake import begin_anew, create_agents, follow_model, stop_agents, wake_agents

__all__ = [
    "CancelRun",
    "Dispatch",
    "FinishRun",
    "MarkSent",
    "ReapRun",
    "ReconcileRoles",
    "RequeueRun",
    "RunAgent",
    "SetAgentBudget",
    "SetFiles",
    "SetMissionBudget",
    "SetModel",
    "SettleMission",
    "SkipRun",
    "StartAgent",
    "StartMission",
    "StopAgent",
    "StopMission",
    "begin_anew",
    "create_agents",
    "follow_files",
    "follow_model",
    "purge_runs",
    "stop_agents",
    "wake_agents",
]
