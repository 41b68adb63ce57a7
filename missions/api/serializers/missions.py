"""Missions, their members and their states."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from missions.api.serializers.base import Shape, TextField
from missions.models import (
    Membership,
    Mission,
    MissionTransition,
)
from missions.selectors import LARGEST_ID
from parallagon.core.money import Dollars


class MissionSerializer(Shape):
    """A mission as one person sees it: ``activity`` and ``role`` come with it."""

    id = serializers.IntegerField()
    title = serializers.CharField()
    language = serializers.ChoiceField(Mission.Language.choices)
    state = serializers.ChoiceField(Mission.State.choices)
    activity = serializers.ChoiceField(["working", "settled", "stopped", "waiting"])
    is_demo = serializers.BooleanField()
    model = serializers.CharField()
    role = serializers.ChoiceField(Membership.Role.choices)
    folder = serializers.CharField(
        help_text="outside of the data directory; empty for one inside, and for who is no owner"
    )
    seq = serializers.IntegerField(help_text="number of the mission's last event")
    cost = Dollars(help_text="US dollars, of the calls whose price is known")
    tokens = serializers.IntegerField(help_text="that models wrote")
    cost_today = Dollars(help_text="since midnight UTC")
    tokens_today = serializers.IntegerField()
    deleted_at = serializers.DateTimeField(allow_null=True)
    purged_after = serializers.DateTimeField(
        allow_null=True, help_text="a deleted mission can be restored until then"
    )
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class LeftAloneSerializer(Shape):
    path = serializers.CharField()
    reason = serializers.CharField()


class MissionPlacedSerializer(MissionSerializer):
    """A mission after it was made or changed, with what became of its folder."""

    left_alone = LeftAloneSerializer(
        many=True, help_text="files of its folder that cannot be files of a mission; at most 100"
    )
    left_behind = serializers.CharField(help_text="the old folder, where it was not removed")


class MissionFilterSerializer(Shape):
    state = serializers.ChoiceField(
        Mission.State.choices,
        required=False,
        help_text="without it, all but the deleted ones, which only their owners can list",
    )
    search = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="words of the title; case and accents do not matter",
    )


class TransitionSerializer(Shape):
    """One step in the life of a mission; ``user`` is null when the account is gone."""

    before = serializers.ChoiceField(Mission.State.choices)
    after = serializers.ChoiceField(Mission.State.choices)
    user = serializers.SerializerMethodField()
    at = serializers.DateTimeField()

    def get_user(self, transition: MissionTransition) -> str | None:
        return transition.user.display_name() if transition.user else None


class SampleSerializer(Shape):
    """What became of the sample's files."""

    written = serializers.ListField(child=serializers.CharField())
    kept = serializers.ListField(
        child=serializers.CharField(), help_text="they hold somebody's words already"
    )


class MemberSerializer(Shape):
    """Someone who takes part; ``user`` is loaded."""

    user = serializers.IntegerField(source="user_id")
    username = serializers.CharField(source="user.username")
    name = serializers.CharField(source="user.display_name")
    role = serializers.ChoiceField(Membership.Role.choices)
    created_at = serializers.DateTimeField()


class MemberAddSerializer(Shape):
    account = serializers.CharField(
        max_length=254, help_text="a user name or e-mail address, spelled out"
    )
    role = serializers.ChoiceField(Membership.Role.choices)


class RoleSerializer(Shape):
    role = serializers.ChoiceField(Membership.Role.choices)


class MissionCreateSerializer(Shape):
    title = serializers.CharField(max_length=200)
    request = TextField(default="", help_text="may be empty only with a folder")
    folder = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=500,
        help_text="one that is there, below a root that the installation allows",
    )
    language = serializers.ChoiceField(Mission.Language.choices)
    model = serializers.CharField(max_length=200, required=False)
    start = serializers.BooleanField(default=False, help_text="its agents begin at once")


class MissionUpdateSerializer(Shape):
    title = serializers.CharField(max_length=200, required=False)
    model = serializers.CharField(max_length=200, required=False)
    folder = serializers.CharField(
        required=False,
        allow_blank=True,
        trim_whitespace=False,
        max_length=500,
        help_text="moves the mission, alone in its request; empty: into the data directory",
    )


class RevisionNameSerializer(Shape):
    path = serializers.CharField(max_length=1000, trim_whitespace=False)
    number = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)


class RestoreToSerializer(Shape):
    """The moment: a time, an event's number, or a revision; just one of them."""

    at = serializers.DateTimeField(required=False)
    seq = serializers.IntegerField(min_value=0, max_value=LARGEST_ID, required=False)
    revision = RevisionNameSerializer(required=False)
    preview = serializers.BooleanField(default=False, help_text="write nothing")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"at", "seq", "revision"}) != 1:
            raise serializers.ValidationError(_("Name a time, an event or a revision."))
        return attrs


class RestoredFileSerializer(Shape):
    path = serializers.CharField()
    change = serializers.ChoiceField(["restored", "returned", "moved", "removed"])
    moved_from = serializers.CharField(allow_null=True, help_text="where it is until now")
    then = serializers.IntegerField(
        source="then.number", default=None, allow_null=True, help_text="revision whose text it gets"
    )
    now = serializers.IntegerField(
        source="now.number", default=None, allow_null=True, help_text="revision before"
    )
    added = serializers.IntegerField()
    removed = serializers.IntegerField()


class RestoredMissionSerializer(Shape):
    at = serializers.DateTimeField()
    is_preview = serializers.BooleanField()
    files = RestoredFileSerializer(many=True, help_text="those that differ; none: it is as it was")


class ChangesFilterSerializer(Shape):
    mission = serializers.IntegerField(min_value=1, max_value=LARGEST_ID)
    after = serializers.IntegerField(min_value=0, max_value=LARGEST_ID)
    wait = serializers.FloatField(min_value=0, max_value=30, default=0)
