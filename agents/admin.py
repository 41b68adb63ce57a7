"""Agents and runs in the admin site; what happened can be read, not changed."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from agents.models import Agent, AgentRun, AgentTransition, ModelCall


class ReadOnly:
    """History: nobody adds, changes or deletes it by hand."""

    def has_add_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, *_: Any) -> bool:
        return False


class TransitionInline(ReadOnly, admin.TabularInline[AgentTransition, Agent]):
    model = AgentTransition
    fields = ("at", "before", "after", "reason")
    max_num = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        """Show the newest fifty."""
        newest = AgentTransition.objects.order_by("-pk").values("pk")[:50]
        match = request.resolver_match
        if match and (agent := match.kwargs.get("object_id")):
            newest = AgentTransition.objects.filter(agent=agent).order_by("-pk").values("pk")[:50]
        return (
            super().get_queryset(request).filter(pk__in=list(newest.values_list("pk", flat=True)))
        )


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin[Agent]):
    list_display = ("role", "mission", "state", "reason", "model", "interval", "next_run_at")
    list_filter = ("state", "role")
    list_select_related = ("mission",)
    search_fields = ("mission__title", "role", "reason")
    fields = (
        "mission", "role", "state", "reason", "model", "prompt", "interval", "next_run_at",
        "failure_count", "state_changed_at",
    )  # fmt: skip
    readonly_fields = (
        "mission", "role", "state", "reason", "interval", "next_run_at", "failure_count",
        "state_changed_at",
    )  # fmt: skip
    inlines = (TransitionInline,)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False


class ModelCallInline(ReadOnly, admin.TabularInline[ModelCall, AgentRun]):
    model = ModelCall
    fields = (
        "number", "started_at", "seconds", "status", "input_tokens", "output_tokens",
        "finish_reason", "is_complete", "failure", "detail",
    )  # fmt: skip


@admin.register(AgentRun)
class AgentRunAdmin(ReadOnly, admin.ModelAdmin[AgentRun]):
    list_display = (
        "id", "mission", "agent_role", "state", "outcome", "reason", "count", "queued_at",
        "finished_at",
    )  # fmt: skip
    list_filter = ("state", "outcome", "trigger", "agent__role")
    list_select_related = ("mission", "agent")
    search_fields = ("id", "mission__title", "reason", "model")
    date_hierarchy = "queued_at"
    inlines = (ModelCallInline,)

    @admin.display(ordering="agent__role", description="role")
    def agent_role(self, run: AgentRun) -> str:
        return run.agent.role
