"""The shapes of agents, runs and models over HTTP."""

from typing import Any

from django.conf import settings
from django.utils import timezone
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.gateway.models import key_variables
from agents.health import HEALTH, Health, health_of
from agents.models import Agent, AgentRun, Failure, ModelCall
from agents.roles import registry
from agents.steps import steps_of
from missions.api.serializers import FilePathsField
from parallagon.core.money import Dollars
from parallagon.core.scrubbing import scrub


class ChangeSerializer(serializers.Serializer[dict[str, Any]]):
    """What a run did to one file; ``from`` is null for a new one."""

    path = serializers.CharField()
    to = serializers.IntegerField()
    added = serializers.IntegerField()
    removed = serializers.IntegerField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields: dict[str, Any] = super().get_fields()
        fields["from"] = serializers.IntegerField(allow_null=True)  # a keyword of the language
        return fields


class RefusedSerializer(serializers.Serializer[dict[str, Any]]):
    path = serializers.CharField()
    reason = serializers.CharField()


class FlagSerializer(serializers.Serializer[dict[str, Any]]):
    """What is doubtful in a text that a run wrote; it landed all the same."""

    path = serializers.CharField()
    line = serializers.IntegerField(help_text="in the text as the run wrote it, from 1")
    text = serializers.CharField()
    reason = serializers.CharField()


class StepSerializer(serializers.Serializer[dict[str, Any]]):
    """One step of a run, in the order in which it went through them."""

    step = serializers.ChoiceField(AgentRun.Step.choices)
    began_at = serializers.DateTimeField(allow_null=True, help_text="null: not kept for old runs")
    milliseconds = serializers.FloatField()


class RunSerializer(serializers.ModelSerializer[AgentRun]):
    role = serializers.CharField(source="agent.role", read_only=True)
    agent = serializers.IntegerField(source="agent_id", read_only=True)
    mission = serializers.IntegerField(source="mission_id", read_only=True)
    outcome = serializers.ChoiceField(AgentRun.Outcome.choices, allow_blank=True, read_only=True)
    failure = serializers.ChoiceField(Failure.choices, allow_blank=True, read_only=True)
    is_offline = serializers.SerializerMethodField()
    steps = serializers.SerializerMethodField(help_text="empty while it is at work")
    calls = serializers.IntegerField(source="call_count", read_only=True)
    changes = ChangeSerializer(many=True, read_only=True)
    refused = RefusedSerializer(many=True, read_only=True)
    flags = FlagSerializer(many=True, read_only=True)
    cost = Dollars(allow_null=True, read_only=True, help_text="US dollars; null: not known")

    class Meta:
        model = AgentRun
        fields = (
            "id", "mission", "agent", "role", "trigger", "state", "step", "outcome", "reason",
            "failure", "count", "model", "is_offline", "queued_at", "started_at", "finished_at",
            "calls", "input_tokens", "output_tokens", "cost", "is_cost_assumed", "changes",
            "refused", "flags", "steps",
        )  # fmt: skip
        read_only_fields = fields

    def get_is_offline(self, run: AgentRun) -> bool:
        return run.model.startswith("offline/")

    @extend_schema_field(StepSerializer(many=True))
    def get_steps(self, run: AgentRun) -> list[dict[str, Any]]:
        return steps_of(run.timings)


class CallSerializer(serializers.ModelSerializer[ModelCall]):
    """One call to a model, as the ledger has it; null is not known."""

    cost = Dollars(allow_null=True, read_only=True, help_text="US dollars; null: not known")
    detail = serializers.SerializerMethodField(help_text="of a failure, in words")

    class Meta:
        model = ModelCall
        fields = (
            "number", "model", "started_at", "seconds", "status", "input_tokens", "output_tokens",
            "cached_tokens", "is_estimated", "cost", "is_price_assumed", "finish_reason",
            "is_complete", "failure", "detail",
        )  # fmt: skip
        read_only_fields = fields

    def get_detail(self, call: ModelCall) -> str:
        return scrub(call.detail)


class RunCallsSerializer(serializers.Serializer[dict[str, Any]]):
    results = CallSerializer(many=True)
    is_recorded = serializers.BooleanField(
        help_text="whether a record is kept by which `manage.py replay_run` can repeat the run"
    )


def circle() -> serializers.ChoiceField:
    """Return the field that tells in which circle an agent went, empty where in none."""
    return serializers.ChoiceField(["", *Agent.Loop.values], read_only=True)


class AgentSerializer(serializers.ModelSerializer[Agent]):
    """An agent; the view puts ``last_runs``, ``last_changes`` and ``spent`` into the context."""

    mission = serializers.IntegerField(source="mission_id", read_only=True)
    name = serializers.SerializerMethodField()
    is_available = serializers.SerializerMethodField(
        help_text="false: this installation no longer has its role"
    )
    effective_model = serializers.SerializerMethodField()
    last_run = serializers.SerializerMethodField()
    last_change_at = serializers.SerializerMethodField()
    writes = serializers.SerializerMethodField()
    watches = serializers.SerializerMethodField()
    reads = serializers.SerializerMethodField()
    cost_today = serializers.SerializerMethodField()
    tokens_today = serializers.SerializerMethodField()
    health = serializers.SerializerMethodField()
    loop = circle()
    key_variables = serializers.SerializerMethodField(
        help_text="of which one holds the key of its model; empty: it has none"
    )

    class Meta:
        model = Agent
        fields = (
            "id", "mission", "role", "name", "is_available", "state", "reason", "model",
            "effective_model", "interval", "next_run_at", "is_stopping", "last_run",
            "last_change_at", "writes", "watches", "reads", "mode", "cost_today", "tokens_today",
            "loop", "health", "key_variables",
        )  # fmt: skip
        read_only_fields = fields

    def get_name(self, agent: Agent) -> str:
        return registry.of(agent).name()

    def get_is_available(self, agent: Agent) -> bool:
        return registry.of(agent).is_available

    @extend_schema_field(serializers.ChoiceField(HEALTH))
    def get_health(self, agent: Agent) -> str:
        return _health(agent)

    def get_key_variables(self, agent: Agent) -> list[str]:
        return list(key_variables(agent.model or agent.mission.model))

    def get_effective_model(self, agent: Agent) -> str:
        return agent.model or agent.mission.model

    @extend_schema_field(RunSerializer(allow_null=True))
    def get_last_run(self, agent: Agent) -> Any:
        run = self.context["last_runs"].get(agent.pk)
        return RunSerializer(run).data if run else None

    def get_last_change_at(self, agent: Agent) -> str | None:
        at = self.context["last_changes"].get(agent.pk)
        return at.isoformat() if at else None

    @extend_schema_field(Dollars(help_text="US dollars since midnight UTC"))
    def get_cost_today(self, agent: Agent) -> Any:
        spending = self.context["spent"].get(agent.pk)
        return Dollars().to_representation(spending.dollars if spending else 0)

    def get_tokens_today(self, agent: Agent) -> int:
        spending = self.context["spent"].get(agent.pk)
        return spending.tokens if spending else 0

    def get_writes(self, agent: Agent) -> list[str]:
        return list(registry.of(agent).list_files().writes)

    def get_watches(self, agent: Agent) -> list[str]:
        return list(registry.of(agent).list_files().watches)

    def get_reads(self, agent: Agent) -> list[str]:
        return list(registry.of(agent).list_files().reads)


class AgentStatusSerializer(serializers.ModelSerializer[Agent]):
    health = serializers.SerializerMethodField()
    loop = circle()

    class Meta:
        model = Agent
        fields = ("id", "role", "state", "reason", "next_run_at", "is_stopping", "loop", "health")
        read_only_fields = fields

    @extend_schema_field(serializers.ChoiceField(HEALTH))
    def get_health(self, agent: Agent) -> str:
        return _health(agent)


def _health(agent: Agent) -> Health:
    return health_of(agent, now=timezone.now(), run_seconds=settings.PARALLAGON_RUN_SECONDS)


class AgentStatusListSerializer(serializers.Serializer[dict[str, Any]]):
    results = AgentStatusSerializer(many=True)


class AgentListSerializer(serializers.Serializer[dict[str, Any]]):
    results = AgentSerializer(many=True)


class PatternsField(serializers.ListField):
    """Which files: `*` is anything inside one part of a path, `**` anything, `?` one character."""

    def __init__(self, **options: Any) -> None:
        child = serializers.CharField(max_length=1000, trim_whitespace=False)
        super().__init__(child=child, max_length=50, required=False, **options)


class AgentUpdateSerializer(serializers.Serializer[dict[str, Any]]):
    """What is given changes; an empty model is the mission's, empty patterns are the role's."""

    model = serializers.CharField(max_length=200, allow_blank=True, required=False)
    writes = PatternsField()
    watches = PatternsField()
    reads = PatternsField()


class MissionChoiceSerializer(serializers.Serializer[dict[str, Any]]):
    mission = serializers.IntegerField(
        min_value=1,
        max_value=2**63 - 1,
        required=False,
        help_text="none: every active mission that you may edit",
    )


class AgentFilterSerializer(serializers.Serializer[dict[str, Any]]):
    mission = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


class RunFilterSerializer(AgentFilterSerializer):
    agent = serializers.IntegerField(min_value=1, max_value=2**63 - 1, required=False)
    outcome = serializers.ChoiceField(AgentRun.Outcome.choices, required=False)


class LogLineSerializer(serializers.Serializer[dict[str, Any]]):
    at = serializers.DateTimeField()
    stream = serializers.ChoiceField(["log", "reply"])
    text = serializers.CharField()


class RunLogSerializer(serializers.Serializer[dict[str, Any]]):
    lines = LogLineSerializer(many=True)
    is_truncated = serializers.BooleanField()


class TranscriptPlaceSerializer(serializers.Serializer[dict[str, Any]]):
    after = serializers.IntegerField(
        min_value=0, max_value=2**63 - 1, default=0, help_text="“next” of the page before"
    )


class TranscriptMessageSerializer(serializers.Serializer[Any]):
    role = serializers.CharField(help_text="as the provider names it: system, user, assistant …")
    text = serializers.CharField()


class TranscriptEntrySerializer(serializers.Serializer[Any]):
    call = serializers.IntegerField(help_text="from 1; a request and its reply have the same")
    at = serializers.DateTimeField()
    kind = serializers.ChoiceField(["request", "reply"])
    messages = TranscriptMessageSerializer(
        many=True, help_text="of a reply: one, or none where it failed"
    )
    is_cut = serializers.BooleanField(help_text="too long for a page: the download has it whole")
    is_left_out = serializers.BooleanField(help_text="the run had said too much already")
    finish_reason = serializers.CharField(allow_null=True)
    failure = serializers.CharField(allow_null=True)
    detail = serializers.CharField(help_text="of the failure, in words")


class TranscriptSerializer(serializers.Serializer[Any]):
    entries = TranscriptEntrySerializer(many=True)
    next = serializers.IntegerField(help_text="where to go on, also for what a run says later")
    has_more = serializers.BooleanField()


class FileDiffSerializer(serializers.Serializer[dict[str, Any]]):
    path = serializers.CharField()
    to = serializers.IntegerField()
    unified = serializers.CharField()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields: dict[str, Any] = super().get_fields()
        fields["from"] = serializers.IntegerField(allow_null=True)
        return fields


class RunDiffSerializer(serializers.Serializer[dict[str, Any]]):
    files = FileDiffSerializer(many=True)


class RunRevertSerializer(serializers.Serializer[dict[str, Any]]):
    """Which files to take back (all, unless named), or only what that would do."""

    files = FilePathsField()
    preview = serializers.BooleanField(default=False, help_text="write nothing")


class RevertedFileSerializer(serializers.Serializer[Any]):
    path = serializers.CharField()
    status = serializers.ChoiceField(
        ["reverted", "unchanged", "overlaps"],
        help_text="unchanged: nothing of the run is left there; overlaps: only in a preview",
    )
    revision = serializers.IntegerField(allow_null=True, help_text="the new one")
    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class RunRevertedSerializer(serializers.Serializer[dict[str, Any]]):
    run = serializers.UUIDField()
    is_preview = serializers.BooleanField()
    is_changed = serializers.BooleanField(help_text="false: it was taken back already")
    files = RevertedFileSerializer(many=True)


class DollarsField(serializers.DecimalField):
    """US dollars as text, exactly as they are known."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=None, decimal_places=None, normalize_output=True, **options)


class ModelPriceSerializer(serializers.Serializer[Any]):
    """What a million tokens cost, in US dollars."""

    input = DollarsField()
    output = DollarsField()
    cache_read = DollarsField(help_text="of the prompt, read from the provider's cache")
    cache_write = DollarsField(help_text="of the prompt, written to the provider's cache")


class ModelOptionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # the base has a hint of this name
    provider = serializers.CharField()
    family = serializers.ChoiceField(
        ["openai", "anthropic", "gemini"], help_text="the protocol that its provider speaks"
    )
    is_offline = serializers.BooleanField()
    edit_format = serializers.ChoiceField(
        ["diff", "whole"], help_text="how it gives its edits back where the files allow both"
    )
    price = ModelPriceSerializer(allow_null=True, help_text="null: nobody told")
    context_window = serializers.IntegerField(allow_null=True, help_text="tokens; null: not known")
    longest_reply = serializers.IntegerField(allow_null=True, help_text="tokens; null: not known")


class ModelListSerializer(serializers.Serializer[dict[str, Any]]):
    results = ModelOptionSerializer(many=True)
    default = serializers.CharField()
    is_offline_only = serializers.BooleanField()
    variables = serializers.ListField(child=serializers.CharField())
