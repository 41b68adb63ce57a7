"""Keys of one's own over HTTP; no key may make, see or end keys."""

from datetime import datetime
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from parallagon.accounts import selectors
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.accounts.services import CreateKey, RevokeKey
from parallagon.core.api import problems


class KeyCreateSerializer(serializers.Serializer[dict[str, Any]]):
    name = serializers.CharField(max_length=100)
    scopes = serializers.MultipleChoiceField(choices=ApiKey.Scope.choices, allow_empty=False)
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class KeySerializer(serializers.ModelSerializer[ApiKey]):
    scopes = serializers.ListField(child=serializers.ChoiceField(choices=ApiKey.Scope.choices))

    class Meta:
        model = ApiKey
        fields = ["id", "name", "prefix", "scopes", "created_at", "expires_at", "last_used_at"]
        read_only_fields = fields


class NewKeySerializer(KeySerializer):
    """A key with its secret, which is shown this once."""

    key = serializers.CharField(read_only=True)

    class Meta(KeySerializer.Meta):
        fields = [*KeySerializer.Meta.fields, "key"]
        read_only_fields = fields


class KeyListView(GenericAPIView[ApiKey]):
    serializer_class = KeySerializer
    queryset = ApiKey.objects.none()

    @extend_schema(
        operation_id="keys_list", responses={200: KeySerializer(many=True), **problems()}
    )
    def get(self, request: Request) -> Response:
        """List the caller's keys, the newest first, without their secrets."""
        page = self.paginate_queryset(selectors.keys_of(user=caller(request)))
        return self.get_paginated_response(KeySerializer(page, many=True).data)

    @extend_schema(
        operation_id="keys_create",
        request=KeyCreateSerializer,
        responses={201: NewKeySerializer, **problems(400, 403, 409, 413, 422)},
    )
    def post(self, request: Request) -> Response:
        """Make a key; its secret is in this answer and nowhere else."""
        given = KeyCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        ends: datetime | None = given.validated_data["expires_at"]
        made = CreateKey(
            user=caller(request),
            name=given.validated_data["name"],
            scopes=tuple(sorted(given.validated_data["scopes"])),
            expires_at=ends,
            now=timezone.now(),
        ).execute()
        body = {**KeySerializer(made.key).data, "key": made.secret}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


class KeyView(APIView):
    @extend_schema(operation_id="keys_revoke", responses={204: None, **problems(403, 404)})
    def delete(self, request: Request, key_id: int) -> Response:
        """Revoke a key; what uses it is refused from now on."""
        found = selectors.key(user=caller(request), key_id=key_id)
        RevokeKey(key=found, now=timezone.now()).execute()
        return Response(status=204)
