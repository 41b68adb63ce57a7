"""What is done to agents and runs."""

from agents.services.budget import SetAgentBudget, SetMissionBudget
from agents.services.configure import ConfigureAgent
from agents.services.control import (
    CancelAgent,
    CancelMission,
    CancelRun,
    RunAgent,
    RunMission,
    SetModel,
    StartAgent,
    StartMission,
    StopAgent,
    StopMission,
)
from agents.services.dispatch import Dispatch
from agents.services.finish import FinishRun, RequeueRun, SettleMission, SkipRun
from agents.services.hand_back import HandBackRun
from agents.services.instructions import (
    ChangeInstruction,
    LeaveInstruction,
    WithdrawInstruction,
)
from agents.services.patterns import SetFiles, follow_files
from agents.services.prompts import RestorePrompt, SetPrompt
from agents.services.purge import purge_runs
from agents.services.reap import ReapRun
from agents.services.reconcile import ReconcileRoles
from agents.services.resume import ResumeUnconfigured, TellOfCircuit
from agents.services.send import MarkSent, SendRuns
from agents.services.wake import (
    begin_anew,
    create_agents,
    follow_model,
    go_on,
    stop_agents,
    wake_agents,
)

__all__ = [
    "CancelAgent",
    "CancelMission",
    "CancelRun",
    "ChangeInstruction",
    "ConfigureAgent",
    "Dispatch",
    "FinishRun",
    "HandBackRun",
    "LeaveInstruction",
    "MarkSent",
    "ReapRun",
    "ReconcileRoles",
    "RequeueRun",
    "RestorePrompt",
    "ResumeUnconfigured",
    "RunAgent",
    "RunMission",
    "SendRuns",
    "SetAgentBudget",
    "SetFiles",
    "SetMissionBudget",
    "SetModel",
    "SetPrompt",
    "SettleMission",
    "SkipRun",
    "StartAgent",
    "StartMission",
    "StopAgent",
    "StopMission",
    "TellOfCircuit",
    "WithdrawInstruction",
    "begin_anew",
    "create_agents",
    "follow_files",
    "follow_model",
    "go_on",
    "purge_runs",
    "stop_agents",
    "wake_agents",
]
