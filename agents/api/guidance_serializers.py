"""The shapes of what people tell agents: instructions, prompts, how they work."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from agents.api.serializers import AgentUpdateSerializer
from agents.models import Agent, Instruction, PromptVersion
from agents.services.configure import LATEST, SOONEST
from agents.services.instructions import LONGEST as LONGEST_INSTRUCTION
from agents.services.prompts import LONGEST as LONGEST_PROMPT
from missions.api.serializers import DifferenceSerializer, Fields, Shape, TextField
from missions.selectors import LARGEST_ID
from parallagon.accounts.models import User


def _name(user: User | None) -> str | None:
    return user.display_name() if user else None


# -- instructions ------------------------------------------------------------------------------


class InstructionSerializer(serializers.ModelSerializer[Instruction]):
    author = serializers.SerializerMethodField(help_text="null: an account that is gone")
    run = serializers.UUIDField(
        source="run_id", allow_null=True, help_text="the last one that was shown it"
    )
    read_at = serializers.DateTimeField(allow_null=True, help_text="when that run had a result")

    class Meta:
        model = Instruction
        fields = ("id", "text", "author", "created_at", "changed_at", "run", "read_at")
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_author(self, instruction: Instruction) -> str | None:
        return _name(instruction.author)


class InstructionTextSerializer(Shape):
    text = TextField(allow_blank=False, max_length=LONGEST_INSTRUCTION)


class InstructionFilterSerializer(Shape):
    unread = serializers.BooleanField(
        required=False, allow_null=True, default=None, help_text="only those that wait, or do not"
    )


# -- prompts -----------------------------------------------------------------------------------


class PromptSerializer(Shape):
    text = serializers.CharField(help_text="what the agent is told now")
    is_shipped = serializers.BooleanField(help_text="it is what the role ships")
    shipped = serializers.CharField(help_text="what the role ships")
    version = serializers.IntegerField(help_text="of the newest version; 0: there is none yet")


class PromptUpdateSerializer(Shape):
    """Another prompt; an empty one goes back to what the role ships."""

    text = TextField(max_length=LONGEST_PROMPT)
    note = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    base = serializers.IntegerField(
        min_value=0,
        max_value=LARGEST_ID,
        required=False,
        allow_null=True,
        default=None,
        help_text="the version that you began with; 409 when there is a newer one",
    )


class PromptVersionSerializer(serializers.ModelSerializer[PromptVersion]):
    author = serializers.SerializerMethodField(help_text="null: nobody that is known")
    is_shipped = serializers.SerializerMethodField(help_text="it went back to what the role ships")

    class Meta:
        model = PromptVersion
        fields = ("number", "note", "author", "created_at", "is_shipped")
        read_only_fields = fields

    @extend_schema_field(serializers.CharField(allow_null=True))
    def get_author(self, version: PromptVersion) -> str | None:
        return _name(version.author)

    def get_is_shipped(self, version: PromptVersion) -> bool:
        return not version.text


class PromptVersionTextSerializer(PromptVersionSerializer):
    text = serializers.SerializerMethodField(help_text="in full, also where it is what is shipped")

    class Meta:
        model = PromptVersion
        fields = ("number", "note", "author", "created_at", "is_shipped", "text")
        read_only_fields = fields

    def get_text(self, version: PromptVersion) -> str:
        shipped: str = self.context["shipped"]
        return version.text or shipped


class PromptRangeSerializer(Shape):
    """Two versions; 0 is what the role ships."""

    to = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)

    def get_fields(self) -> Fields:
        number = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)
        return {"from": number, **super().get_fields()}


class PromptDifferenceSerializer(DifferenceSerializer):
    to = serializers.IntegerField()

    def get_fields(self) -> Fields:
        return {"from": serializers.IntegerField(), **super().get_fields()}


class PromptDraftSerializer(Shape):
    text = TextField(max_length=LONGEST_PROMPT, help_text="empty: what the role ships")


class PartSerializer(Shape):
    name = serializers.ChoiceField(
        ["rules", "examples", "readonly", "editable", "other", "prompt", "facts", "instructions"]
    )
    characters = serializers.IntegerField()
    tokens = serializers.IntegerField(help_text="a guess: four characters each")


class MessageSerializer(Shape):
    part = serializers.ChoiceField(
        ["rules", "examples", "readonly", "editable", "other", "message"]
    )
    role = serializers.CharField()
    content = serializers.CharField()


class PreviewSerializer(Shape):
    """What a run that began now would ask its model first, to the letter."""

    model = serializers.CharField()
    edit_format = serializers.CharField()
    message = serializers.CharField(help_text="what Parallagon itself wrote of it")
    messages = MessageSerializer(many=True)
    parts = PartSerializer(many=True)
    tokens = serializers.IntegerField(help_text="a guess: four characters each")


# -- how they work -----------------------------------------------------------------------------


class IntervalField(serializers.IntegerField):
    """Seconds, or nothing: what the role says."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=SOONEST, max_value=LATEST, allow_null=True, **options)


class MatchesSerializer(Shape):
    """What the agent's patterns match now."""

    editable = serializers.ListField(child=serializers.CharField())
    readonly = serializers.ListField(child=serializers.CharField())
    creatable = serializers.ListField(child=serializers.CharField(), help_text="patterns")


class ConfigSerializer(Shape):
    model = serializers.CharField(allow_blank=True, help_text="empty: the mission's")
    effective_model = serializers.CharField()
    mode = serializers.ChoiceField(Agent.Mode.choices)
    shortest = IntervalField(help_text="seconds between two looks; null: as the role says")
    longest = IntervalField(help_text="the same when nothing has changed for long")
    effective_shortest = serializers.IntegerField()
    effective_longest = serializers.IntegerField()
    writes = serializers.ListField(child=serializers.CharField())
    watches = serializers.ListField(child=serializers.CharField())
    reads = serializers.ListField(child=serializers.CharField())
    matches = MatchesSerializer()


class ConfigUpdateSerializer(AgentUpdateSerializer):
    """What is given changes; an empty model is the mission's, empty patterns are the role's."""

    mode = serializers.ChoiceField(Agent.Mode.choices, required=False)
    shortest = IntervalField(required=False)
    longest = IntervalField(required=False)
