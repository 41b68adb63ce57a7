"""Agents and runs in the admin site; what happened can be read, not changed."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agents.budget.words import amount_in_words
from agents.circuits import left_alone
from agents.costs import total
from agents.models import (
    Agent,
    AgentRun,
    AgentTransition,
    Budget,
    Failure,
    Instruction,
    ModelCall,
    PromptVersion,
)
from agents.services import SetPrompt


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


class PromptVersionInline(ReadOnly, admin.TabularInline[PromptVersion, Agent]):
    model = PromptVersion
    fields = ("number", "created_at", "author", "note")
    max_num = 50

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).select_related("author")


@admin.register(Agent)
class AgentAdmin(admin.ModelAdmin[Agent]):
    list_display = (
        "role", "mission", "state", "loop", "reason", "failure_count", "model", "interval",
        "next_run_at",
    )  # fmt: skip
    list_filter = ("state", "loop", "role")
    list_select_related = ("mission",)
    search_fields = ("mission__title", "role", "reason")
    fields = (
        "mission", "role", "state", "loop", "reason", "model", "prompt", "mode", "shortest",
        "longest", "interval", "next_run_at", "failure_count", "state_changed_at",
    )  # fmt: skip
    readonly_fields = (
        "mission", "role", "state", "loop", "reason", "interval", "next_run_at", "failure_count",
        "state_changed_at",
    )  # fmt: skip
    inlines = (TransitionInline, PromptVersionInline)

    def get_urls(self) -> list[URLPattern]:
        """Add the page about models that are left alone."""
        page = self.admin_site.admin_view(self.breakers_view)
        return [path("breakers/", page, name="agents_agent_breakers"), *super().get_urls()]

    def breakers_view(self, request: HttpRequest) -> TemplateResponse:
        """Show which models are left alone, why, and when they are asked again."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        labels = dict(Failure.choices)
        rows = [
            {**row, "failure": labels.get(row["failure"], row["failure"])} for row in left_alone()
        ]
        context = {
            **self.admin_site.each_context(request),
            "title": _("Models that are left alone"),
            "opts": self.opts,
            "breakers": rows,
        }
        return TemplateResponse(request, "admin/agents/agent/breakers.html", context)

    def save_model(self, request: Any, obj: Agent, form: Any, change: bool) -> None:
        """Keep a prompt that was changed here as a version, like any other."""
        text = obj.prompt
        if "prompt" in form.changed_data:
            obj.prompt = form.initial["prompt"]
        super().save_model(request, obj, form, change)
        if "prompt" in form.changed_data:
            SetPrompt(agent=obj, text=text, author=request.user, now=timezone.now()).execute()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Agent | None = None) -> bool:
        return False


class ModelCallInline(ReadOnly, admin.TabularInline[ModelCall, AgentRun]):
    model = ModelCall
    fields = (
        "number", "started_at", "seconds", "status", "input_tokens", "cached_tokens",
        "cache_write_tokens", "output_tokens", "cost", "is_price_assumed", "finish_reason",
        "is_complete", "failure", "detail",
    )  # fmt: skip


@admin.register(AgentRun)
class AgentRunAdmin(ReadOnly, admin.ModelAdmin[AgentRun]):
    list_display = (
        "id", "mission", "agent_role", "state", "outcome", "failure", "reason", "count",
        "queued_at", "finished_at",
    )  # fmt: skip
    list_filter = ("state", "outcome", "failure", "trigger", "agent__role")
    list_select_related = ("mission", "agent")
    search_fields = ("id", "mission__title", "reason", "model")
    date_hierarchy = "queued_at"
    inlines = (ModelCallInline,)

    @admin.display(ordering="agent__role", description="role")
    def agent_role(self, run: AgentRun) -> str:
        return run.agent.role


@admin.register(ModelCall)
class LedgerAdmin(ReadOnly, admin.ModelAdmin[ModelCall]):
    """Every call to a model, with the sum of those that are listed."""

    list_display = (
        "started_at", "mission", "agent_role", "model", "input_tokens", "cached_tokens",
        "cache_write_tokens", "output_tokens", "cost", "is_price_assumed", "failure",
    )  # fmt: skip
    list_filter = ("is_price_assumed", "failure", "model")
    list_select_related = ("mission", "agent")
    search_fields = ("mission__title", "model", "run__id")
    date_hierarchy = "started_at"
    ordering = ("-pk",)
    show_full_result_count = False

    @admin.display(ordering="agent__role", description=_("role"))
    def agent_role(self, call: ModelCall) -> str:
        return call.agent.role

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Say in the title what the listed calls cost together."""
        answer = super().changelist_view(request, extra_context)
        if isinstance(answer, TemplateResponse) and answer.context_data:
            listed = answer.context_data.get("cl")
            if listed is not None:
                answer.context_data["title"] = _sentence(total(listed.queryset))
        return answer


def _sentence(sums: dict[str, Any]) -> str:
    unknown = _("a cost that nobody knows")
    cost = sums["cost"]
    return str(
        _("%(calls)s calls, %(tokens)s output tokens, %(cost)s")
        % {
            "calls": sums["calls"],
            "tokens": sums["output_tokens"],
            "cost": unknown if cost is None else amount_in_words("cost", cost),
        }
    )


@admin.register(Budget)
class BudgetAdmin(ReadOnly, admin.ModelAdmin[Budget]):
    """What owners allow their missions; changed on the page, where agents are woken by it."""

    list_display = (
        "mission", "dollars", "tokens", "calls", "day_dollars", "day_tokens", "day_calls",
        "updated_at",
    )  # fmt: skip
    list_select_related = ("mission",)
    search_fields = ("mission__title",)


@admin.register(Instruction)
class InstructionAdmin(ReadOnly, admin.ModelAdmin[Instruction]):
    list_display = ("id", "agent", "text", "author", "created_at", "read_at")
    list_select_related = ("agent", "author")
    list_filter = ("agent__role",)
    search_fields = ("text", "agent__mission__title")
    date_hierarchy = "created_at"
