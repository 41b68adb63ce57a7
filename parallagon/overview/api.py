"""The overview over HTTP."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.core.api import problems
from parallagon.core.money import Dollars
from parallagon.overview.snapshot import overview


class AgentsSerializer(serializers.Serializer[Any]):
    by_state = serializers.DictField(child=serializers.IntegerField())
    late = serializers.IntegerField(help_text="due for more than ten seconds: nobody dispatches")


class RunsSerializer(serializers.Serializer[Any]):
    last_hour = serializers.DictField(child=serializers.IntegerField(), help_text="by outcome")
    last_minute = serializers.IntegerField()
    errors_last_minute = serializers.IntegerField(help_text="failed or timed out")


class WorkerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    runs = serializers.IntegerField()
    seen_at = serializers.DateTimeField(allow_null=True)


class QueueSerializer(serializers.Serializer[Any]):
    waiting = serializers.IntegerField()
    oldest_seconds = serializers.IntegerField(allow_null=True)
    running = serializers.IntegerField()
    workers = WorkerSerializer(many=True, help_text="those that carry out runs now")


class SpentSerializer(serializers.Serializer[Any]):
    cost = Dollars(help_text="US dollars since midnight UTC, of the calls whose price is known")
    tokens = serializers.IntegerField(help_text="that models wrote")
    calls = serializers.IntegerField()
    cap = Dollars(allow_null=True, help_text="of the installation and day, for staff; empty: none")


class InstallationSerializer(serializers.Serializer[Any]):
    open_breakers = serializers.ListField(child=serializers.CharField(), help_text="models")
    sandbox = serializers.CharField()
    disk_free_gb = serializers.FloatField()
    disk_used_share = serializers.FloatField(help_text="from 0 to 1")


class OverviewSerializer(serializers.Serializer[Any]):
    missions = serializers.DictField(child=serializers.IntegerField(), help_text="by state")
    agents = AgentsSerializer(help_text="of active missions")
    runs = RunsSerializer()
    queue = QueueSerializer()
    spent_today = SpentSerializer()
    events_a_second = serializers.FloatField(
        allow_null=True, help_text="since somebody last looked, at most a minute ago"
    )
    installation = InstallationSerializer(allow_null=True, help_text="for staff only")


class OverviewView(APIView):
    key_scopes: ClassVar = {"GET": ApiKey.Scope.READ.value}

    @extend_schema(operation_id="overview", responses={200: OverviewSerializer, **problems(503)})
    def get(self, request: Request) -> Response:
        """Tell how everything is doing, at most a second old.

        Staff see the whole installation, others the missions of which they are a member.
        """
        found = overview(user=caller(request), now=timezone.now())
        return Response(OverviewSerializer(found).data)
