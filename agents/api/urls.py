"""Addresses below /api/v1/ that are about agents."""

from django.urls import path

from agents.api import (
    agents,
    breakers,
    budget,
    config,
    instructions,
    missions,
    prompts,
    runs,
    stability,
)

urlpatterns = [
    path("missions/<int:mission_id>/start", missions.StartMissionView.as_view()),
    path("missions/<int:mission_id>/stop", missions.StopMissionView.as_view()),
    path("missions/<int:mission_id>/run", missions.RunMissionView.as_view()),
    path("missions/<int:mission_id>/budget", budget.MissionBudgetView.as_view()),
    path("missions/<int:mission_id>/costs", budget.MissionCostsView.as_view()),
    path("missions/<int:mission_id>/cancel", missions.CancelMissionView.as_view()),
    path("missions/<int:mission_id>/stability", stability.MissionStabilityView.as_view()),
    path("agents/", agents.AgentListView.as_view(), name="agents"),
    path("agents/status", agents.AgentStatusView.as_view(), name="agents-status"),
    path("agents/start", agents.StartAgentsView.as_view(), name="agents-start"),
    path("agents/stop", agents.StopAgentsView.as_view(), name="agents-stop"),
    path("agents/run", agents.RunAgentsView.as_view(), name="agents-run"),
    path("agents/cancel", agents.CancelAgentsView.as_view(), name="agents-cancel"),
    path("agents/<int:agent_id>/", agents.AgentView.as_view(), name="agent"),
    path("agents/<int:agent_id>/start", agents.StartAgentView.as_view(), name="agent-start"),
    path("agents/<int:agent_id>/stop", agents.StopAgentView.as_view(), name="agent-stop"),
    path("agents/<int:agent_id>/run", agents.RunAgentView.as_view(), name="agent-run"),
    path("agents/<int:agent_id>/budget", budget.AgentBudgetView.as_view(), name="agent-budget"),
    path("agents/<int:agent_id>/cancel", agents.CancelAgentView.as_view(), name="agent-cancel"),
    path("agents/<int:agent_id>/config", config.ConfigView.as_view(), name="agent-config"),
    path("agents/<int:agent_id>/instructions/", instructions.InstructionListView.as_view()),
    path(
        "agents/<int:agent_id>/instructions/<int:instruction_id>/",
        instructions.InstructionView.as_view(),
    ),
    path("agents/<int:agent_id>/prompt", prompts.PromptView.as_view(), name="agent-prompt"),
    path("agents/<int:agent_id>/prompt/preview", prompts.PromptPreviewView.as_view()),
    path("agents/<int:agent_id>/prompt/versions/", prompts.PromptVersionListView.as_view()),
    path("agents/<int:agent_id>/prompt/versions/diff", prompts.PromptDiffView.as_view()),
    path(
        "agents/<int:agent_id>/prompt/versions/<int:number>/", prompts.PromptVersionView.as_view()
    ),
    path(
        "agents/<int:agent_id>/prompt/versions/<int:number>/restore",
        prompts.PromptRestoreView.as_view(),
    ),
    path(
        "agents/<int:agent_id>/transitions/",
        stability.AgentTransitionsView.as_view(),
        name="agent-transitions",
    ),
    path(
        "agents/<int:agent_id>/stability",
        stability.AgentStabilityView.as_view(),
        name="agent-stability",
    ),
    path("runs/", runs.RunListView.as_view(), name="runs"),
    path("runs/<uuid:run_id>/", runs.RunView.as_view(), name="run"),
    path("runs/<uuid:run_id>/calls", runs.RunCallsView.as_view(), name="run-calls"),
    path("runs/<uuid:run_id>/log", runs.RunLogView.as_view(), name="run-log"),
    path("runs/<uuid:run_id>/transcript", runs.RunTranscriptView.as_view(), name="run-transcript"),
    path("runs/<uuid:run_id>/transcript/download", runs.RunTranscriptDownloadView.as_view()),
    path("runs/<uuid:run_id>/diff", runs.RunDiffView.as_view(), name="run-diff"),
    path("runs/<uuid:run_id>/cancel", runs.CancelRunView.as_view(), name="run-cancel"),
    path("runs/<uuid:run_id>/revert", runs.RevertRunView.as_view(), name="run-revert"),
    path("breakers/", breakers.BreakerListView.as_view(), name="breakers"),
    path("models/", agents.ModelListView.as_view(), name="models"),
]
