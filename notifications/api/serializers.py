"""Shapes of notifications over HTTP."""

from typing import Any

from rest_framework import serializers

from missions.selectors import LARGEST_ID
from notifications.messages import TYPES
from notifications.models import Channel, Delivery, Notification, Target
from notifications.services.post import LONGEST_TEXT, LONGEST_TITLE
from parallagon.core.api import PageSerializer

LEVELS = Notification.Level.choices
PRIORITIES = [priority.name.lower() for priority in Notification.Priority]
OUTSIDE = [channel.value for channel in Target.EXTERNAL]


class Shape(serializers.Serializer[Any]):
    """A shape whose input is a plain dictionary."""


class NotificationSerializer(Shape):
    """A message in the words of its reader; ``push`` asks an open tab to show it outside the page.

    ``link`` is a path of this installation, or empty. ``count`` says how often it was told while
    it was unread.
    """

    id = serializers.IntegerField()
    type = serializers.CharField()
    level = serializers.ChoiceField(LEVELS)
    priority = serializers.ChoiceField(PRIORITIES)
    title = serializers.CharField()
    body = serializers.CharField()
    mission = serializers.IntegerField(allow_null=True)
    link = serializers.CharField()
    count = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    repeated_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    read_at = serializers.DateTimeField(allow_null=True)
    is_shown = serializers.BooleanField(help_text="false: wanted outside of the list only")
    push = serializers.BooleanField()


class UnreadSerializer(Shape):
    """How much is unread, in all and by level."""

    total = serializers.IntegerField()
    info = serializers.IntegerField()
    success = serializers.IntegerField()
    warning = serializers.IntegerField()
    error = serializers.IntegerField()


class NotificationPageSerializer(PageSerializer):
    """One page of messages; ``seq`` is where the socket goes on (``?after=``)."""

    results = NotificationSerializer(many=True)
    unread = UnreadSerializer()
    seq = serializers.IntegerField()


class NotificationFilterSerializer(Shape):
    unread = serializers.BooleanField(required=False, allow_null=True, default=None)
    level = serializers.ChoiceField(LEVELS, required=False)
    type = serializers.ChoiceField(list(TYPES), required=False)
    mission = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)


class NoteSerializer(Shape):
    """A note to a mission's members, by an owner; without ``mission`` to everyone, by staff."""

    mission = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=LARGEST_ID
    )
    title = serializers.CharField(max_length=LONGEST_TITLE)
    text = serializers.CharField(max_length=LONGEST_TEXT, allow_blank=True, default="")
    level = serializers.ChoiceField(LEVELS, default=Notification.Level.INFO)


class NotedSerializer(Shape):
    told = serializers.IntegerField(help_text="how many people")


class ReadAllSerializer(Shape):
    """``until`` is the newest message that the person has seen; without it, everything."""

    until = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=LARGEST_ID
    )


class ReadSerializer(Shape):
    read = serializers.IntegerField(help_text="how many were unread")


class PreferenceSerializer(Shape):
    """What a person wants to be told of one type, channel by channel."""

    type = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of that name
    level = serializers.ChoiceField(LEVELS)
    channels = serializers.DictField(child=serializers.BooleanField())


class PreferencesSerializer(Shape):
    results = PreferenceSerializer(many=True)


class PreferencesChangeSerializer(Shape):
    """Type → channel → whether; what is not named stays as it was."""

    choices = serializers.DictField(
        child=serializers.DictField(child=serializers.BooleanField()), allow_empty=True
    )


class TargetSerializer(Shape):
    """Where a channel leads, as far as it may be shown."""

    channel = serializers.ChoiceField(Channel.choices)
    label = serializers.CharField()  # type: ignore[assignment] # a field of that name
    needs_address = serializers.BooleanField()
    is_set = serializers.BooleanField()
    hint = serializers.CharField()
    has_secret = serializers.BooleanField()
    last_error = serializers.CharField()
    failed_at = serializers.DateTimeField(allow_null=True)


class TargetsSerializer(Shape):
    results = TargetSerializer(many=True)


class TargetChangeSerializer(Shape):
    address = serializers.CharField(max_length=2000, write_only=True)
    secret = serializers.CharField(
        required=False, allow_blank=True, default="", max_length=200, write_only=True
    )


class TargetKeptSerializer(TargetSerializer):
    """A target as it is kept; ``secret`` is there once, when it is new, and never again."""

    secret = serializers.CharField()


class DeliverySerializer(Shape):
    id = serializers.IntegerField(source="pk")
    channel = serializers.ChoiceField(Channel.choices)
    state = serializers.ChoiceField(Delivery.State.choices)
    attempts = serializers.IntegerField()
    last_error = serializers.CharField()
    created_at = serializers.DateTimeField()
    next_attempt_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
