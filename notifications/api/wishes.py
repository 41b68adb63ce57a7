"""What a person wants to be told, and where, over HTTP."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from notifications import selectors
from notifications.api.serializers import (
    DeliverySerializer,
    PreferencesChangeSerializer,
    PreferencesSerializer,
    TargetChangeSerializer,
    TargetKeptSerializer,
    TargetsSerializer,
)
from notifications.api.throttling import TestThrottle
from notifications.messages import TYPES
from notifications.models import Channel, Target
from notifications.services import RemoveTarget, SetPreferences, SetTarget, TestTarget
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import User
from parallagon.core.api import problems
from parallagon.core.limits.throttle import RateThrottle


class PreferencesView(GenericAPIView[Any]):
    serializer_class = PreferencesSerializer
    pagination_class = None

    @extend_schema(
        operation_id="notification_preferences",
        responses={200: PreferencesSerializer, **problems()},
    )
    def get(self, request: Request) -> Response:
        """Tell which types there are, and over which channels the caller wants them."""
        return Response(_preferences(caller(request)))

    @extend_schema(
        operation_id="notification_preferences_set",
        request=PreferencesChangeSerializer,
        responses={200: PreferencesSerializer, **problems(400, 403, 413, 422)},
    )
    def patch(self, request: Request) -> Response:
        """Choose; what is not named stays as it was."""
        given = PreferencesChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = caller(request)
        SetPreferences(user=user, choices=given.validated_data["choices"]).execute()
        return Response(_preferences(user))


class TargetListView(GenericAPIView[Any]):
    serializer_class = TargetsSerializer
    pagination_class = None

    @extend_schema(
        operation_id="notification_channels", responses={200: TargetsSerializer, **problems()}
    )
    def get(self, request: Request) -> Response:
        """List the channels and where each leads; addresses are shown in part, secrets never."""
        known = {target.channel: target for target in selectors.targets_of(user=caller(request))}
        rows = [_shown(channel, known.get(channel.value)) for channel in Channel]
        return Response({"results": rows})


class TargetView(GenericAPIView[Any]):
    serializer_class = TargetKeptSerializer

    @extend_schema(
        operation_id="notification_channels_set",
        request=TargetChangeSerializer,
        responses={200: TargetKeptSerializer, **problems(400, 403, 413, 422)},
    )
    def put(self, request: Request, channel: str) -> Response:
        """Say where a channel leads. A webhook's new secret is in this answer, and only here."""
        given = TargetChangeSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = given.validated_data
        target, secret = SetTarget(
            user=caller(request), channel=channel, now=timezone.now(), **wanted
        ).execute()
        return Response({**_shown(Channel(channel), target), "secret": secret})

    @extend_schema(
        operation_id="notification_channels_remove", responses={204: None, **problems(403, 404)}
    )
    def delete(self, request: Request, channel: str) -> Response:
        """Forget where a channel leads."""
        target = selectors.target(user=caller(request), channel=channel)
        RemoveTarget(target=target, now=timezone.now()).execute()
        return Response(status=204)


class TargetTestView(GenericAPIView[Any]):
    serializer_class = DeliverySerializer
    throttle_classes = [RateThrottle, TestThrottle]

    @extend_schema(
        operation_id="notification_channels_test",
        request=None,
        responses={202: DeliverySerializer, **problems(403, 404, 429)},
    )
    def post(self, request: Request, channel: str) -> Response:
        """Send a test over a channel; ``channels/`` tells when it could not be delivered."""
        test = TestTarget(user=caller(request), channel=channel, now=timezone.now())
        return Response(DeliverySerializer(test.execute()).data, status=202)


def _preferences(user: User) -> dict[str, Any]:
    return {
        "results": [
            {
                "type": key,
                "label": str(TYPES[key].label),
                "level": TYPES[key].level,
                "channels": channels,
            }
            for key, channels in selectors.choices_of(user=user).items()
        ]
    }


def _shown(channel: Channel, target: Target | None) -> dict[str, Any]:
    return {
        "channel": channel.value,
        "label": str(channel.label),
        "needs_address": channel in Target.EXTERNAL,
        "is_set": target is not None,
        "hint": target.hint if target else "",
        "has_secret": bool(target and target.sealed_secret),
        "last_error": target.last_error if target else "",
        "failed_at": target.failed_at if target else None,
    }
