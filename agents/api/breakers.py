"""Which models are left alone because their provider is ill."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from agents.circuits import left_alone
from agents.models import Failure
from parallagon.core.api import problems


class BreakerSerializer(serializers.Serializer[dict[str, Any]]):
    model = serializers.CharField()
    state = serializers.ChoiceField(["open", "half_open"], help_text="half_open: one run asks it")
    failure = serializers.ChoiceField(Failure.choices, help_text="of the last call")
    opened_at = serializers.DateTimeField()
    retry_at = serializers.DateTimeField(help_text="asked again no earlier")


class BreakerListSerializer(serializers.Serializer[dict[str, Any]]):
    results = BreakerSerializer(many=True)


class BreakerListView(APIView):
    @extend_schema(
        operation_id="breakers_list", responses={200: BreakerListSerializer, **problems()}
    )
    def get(self, request: Request) -> Response:
        """List the models that are left alone for now, and when they are asked again."""
        return Response(BreakerListSerializer({"results": left_alone()}).data)
