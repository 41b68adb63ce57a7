"""Shapes of alerts and their rules over HTTP."""

from typing import Any

from rest_framework import serializers

from missions.selectors import LARGEST_ID
from notifications.alerts.wording import detail_of, label_of
from notifications.api.serializers import LEVELS, Shape
from notifications.models import Alert, AlertRule, Channel
from parallagon.core.api import PageSerializer

UNITS = ["percent", "count", "seconds", "a_minute"]
LONGEST = 7 * 86_400


class AlertMeasureSerializer(Shape):
    """Something that can be watched; the last three are what a new rule begins with."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment] # a field of that name
    help = serializers.CharField()
    unit = serializers.ChoiceField(UNITS)
    scopes = serializers.ListField(child=serializers.ChoiceField(["installation", "mission"]))
    is_counted = serializers.BooleanField(help_text="counted over the window; others must hold")
    comparison = serializers.ChoiceField(AlertRule.Comparison.choices)
    threshold = serializers.FloatField()
    window = serializers.ChoiceField(AlertRule.Window.choices)


class AlertMeasuresSerializer(Shape):
    results = AlertMeasureSerializer(many=True)


class AlertTermsSerializer(Shape):
    """What a person says of a rule."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=100)
    comparison = serializers.ChoiceField(AlertRule.Comparison.choices, required=False)
    threshold = serializers.FloatField()
    clear_at = serializers.FloatField(
        required=False, allow_null=True, help_text="it is over here; empty: at the threshold"
    )
    window = serializers.ChoiceField(AlertRule.Window.choices, required=False, help_text="seconds")
    cool_down = serializers.IntegerField(
        required=False, min_value=0, max_value=LONGEST, help_text="seconds"
    )
    level = serializers.ChoiceField(LEVELS, required=False)
    channels = serializers.ListField(
        child=serializers.ChoiceField(Channel.choices),
        required=False,
        max_length=len(Channel.choices),
        help_text="empty: as each person has chosen",
    )
    is_on = serializers.BooleanField(required=False)


class NewAlertRuleSerializer(AlertTermsSerializer):
    """A rule for a mission, by an owner; without ``mission`` for the installation, by staff."""

    mission = serializers.IntegerField(
        required=False, allow_null=True, default=None, min_value=1, max_value=LARGEST_ID
    )
    measure = serializers.CharField(max_length=40)


class AlertRuleSerializer(Shape):
    """A rule and how it stands; ``value`` is what the last look found, empty: no answer."""

    id = serializers.IntegerField(source="pk")
    mission = serializers.IntegerField(source="mission_id", allow_null=True)
    measure = serializers.CharField()
    label = serializers.SerializerMethodField()  # type: ignore[assignment] # so it is called
    name = serializers.CharField()
    comparison = serializers.ChoiceField(AlertRule.Comparison.choices)
    threshold = serializers.FloatField()
    clear_at = serializers.FloatField(allow_null=True)
    window = serializers.ChoiceField(AlertRule.Window.choices)
    cool_down = serializers.IntegerField()
    level = serializers.ChoiceField(LEVELS)
    channels = serializers.ListField(child=serializers.ChoiceField(Channel.choices))
    is_on = serializers.BooleanField()
    state = serializers.ChoiceField(AlertRule.State.choices)
    state_changed_at = serializers.DateTimeField()
    value = serializers.SerializerMethodField("last_value")
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()

    def get_label(self, rule: AlertRule) -> str:
        return label_of(rule.measure)

    def last_value(self, rule: AlertRule) -> float | None:
        values: dict[int, float | None] = self.context.get("values", {})
        return values.get(rule.pk)


class AlertRulePageSerializer(PageSerializer):
    results = AlertRuleSerializer(many=True)


class PlaceFilterSerializer(Shape):
    """``scope=installation`` leaves out the missions; ``mission`` names one."""

    mission = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    scope = serializers.ChoiceField(["installation", "mission"], required=False)


class AlertFilterSerializer(PlaceFilterSerializer):
    rule = serializers.IntegerField(required=False, min_value=1, max_value=LARGEST_ID)
    measure = serializers.CharField(required=False, max_length=40)
    level = serializers.ChoiceField(LEVELS, required=False)
    is_over = serializers.BooleanField(required=False, allow_null=True, default=None)


class AlertSerializer(Shape):
    """One time that a rule fired, in the words of whoever asks."""

    id = serializers.IntegerField(source="pk")
    rule = serializers.IntegerField(source="rule_id")
    mission = serializers.IntegerField(source="mission_id", allow_null=True)
    measure = serializers.CharField()
    name = serializers.SerializerMethodField()
    cause = serializers.SerializerMethodField()
    value = serializers.FloatField(allow_null=True)
    level = serializers.ChoiceField(LEVELS)
    link = serializers.CharField()
    fired_at = serializers.DateTimeField()
    cleared_at = serializers.DateTimeField(allow_null=True)
    acknowledged_at = serializers.DateTimeField(allow_null=True)
    acknowledged_by = serializers.SerializerMethodField()

    def get_name(self, alert: Alert) -> str:
        return alert.rule.name or label_of(alert.measure)

    def get_cause(self, alert: Alert) -> str:
        return detail_of(alert.measure, alert.value, alert.params)

    def get_acknowledged_by(self, alert: Alert) -> str:
        by: Any = alert.acknowledged_by
        return str(by.display_name()) if by else ""


class AlertPageSerializer(PageSerializer):
    results = AlertSerializer(many=True)


class AlertTestSerializer(Shape):
    __test__ = False  # pytest: this is no test
    told = serializers.BooleanField(help_text="false: by your own choice you are told of no alert")
