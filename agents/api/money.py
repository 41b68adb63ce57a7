"""The shapes of budgets and costs over HTTP. Money is US dollars, as text that loses nothing."""

from typing import Any

from rest_framework import serializers

from agents.models.money import LARGEST
from parallagon.core.money import Dollars

LARGEST_COUNT = 10**15


def cap() -> Dollars:
    """Return a cap in dollars; null: the installation's."""
    return Dollars(max_value=LARGEST, allow_null=True, default=None)


def count_cap() -> serializers.IntegerField:
    """Return a cap of tokens or calls; null: the installation's."""
    return serializers.IntegerField(
        min_value=0, max_value=LARGEST_COUNT, allow_null=True, default=None
    )


class AgentCapsSerializer(serializers.Serializer[Any]):
    day_dollars = cap()
    day_tokens = count_cap()
    day_calls = count_cap()


class MissionCapsSerializer(AgentCapsSerializer):
    dollars = cap()
    tokens = count_cap()
    calls = count_cap()


class MeasureSerializer(serializers.Serializer[Any]):
    """One cap: dollars (`cost`), output tokens or calls, as text; null where there is none."""

    kind = serializers.ChoiceField(["cost", "output_tokens", "calls"])
    used = Dollars()
    held = Dollars(help_text="set aside for runs at work")
    cap = Dollars(allow_null=True)
    is_own = serializers.BooleanField(help_text="false: the installation's default")
    share = serializers.FloatField(allow_null=True, help_text="used of the cap: 1 is all of it")
    level = serializers.ChoiceField(["fine", "warning", "reached"])


class StandingSerializer(serializers.Serializer[Any]):
    scope = serializers.ChoiceField(
        ["agent_day", "mission_day", "mission", "day"], source="scope.name"
    )
    level = serializers.ChoiceField(["fine", "warning", "reached"])
    renewed_at = serializers.DateTimeField(allow_null=True, help_text="when its day is over")
    measures = MeasureSerializer(many=True)


class MissionBudgetSerializer(serializers.Serializer[Any]):
    mission = serializers.IntegerField()
    caps = MissionCapsSerializer()
    standings = StandingSerializer(many=True)


class AgentBudgetSerializer(serializers.Serializer[Any]):
    agent = serializers.IntegerField()
    caps = AgentCapsSerializer()
    standings = StandingSerializer(many=True)


class CostFilterSerializer(serializers.Serializer[Any]):
    by = serializers.ChoiceField(["day", "agent", "model"], default="day")
    days = serializers.IntegerField(
        min_value=1, max_value=366, default=30, help_text="the last ones, today (UTC) included"
    )


class CostSerializer(serializers.Serializer[Any]):
    """What some calls cost; `cost` is null where the price of none is known."""

    key = serializers.CharField(help_text="the day, the agent's role, or the model")
    cost = Dollars(allow_null=True)
    calls = serializers.IntegerField()
    unpriced_calls = serializers.IntegerField(help_text="their price is not known: not in `cost`")
    assumed_calls = serializers.IntegerField(
        help_text="their price is not known: counted at their provider's dearest"
    )
    input_tokens = serializers.IntegerField()
    cached_tokens = serializers.IntegerField()
    cache_write_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()


class CostsSerializer(serializers.Serializer[Any]):
    by = serializers.ChoiceField(["day", "agent", "model"])
    days = serializers.IntegerField()
    results = CostSerializer(many=True)
    total = CostSerializer()
