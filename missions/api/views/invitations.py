"""Invitations to a mission over HTTP."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from missions import selectors
from missions.api.serializers import MemberSerializer
from missions.api.throttling import MemberThrottle
from missions.api.views.base import MissionScoped, Role
from missions.models import Invitation, Membership
from missions.services import AcceptInvitation, InviteMember, RevokeInvitation, invitation_link
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.core.api import problems

ADMIN = ApiKey.Scope.ADMIN.value


class InviteSerializer(serializers.Serializer[dict[str, Any]]):
    role = serializers.ChoiceField(choices=Membership.Role.choices)
    email = serializers.EmailField(required=False, default="", allow_blank=True)


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    invited_by = serializers.CharField(source="invited_by.display_name", read_only=True)
    email = serializers.CharField(read_only=True, help_text="empty: whoever has the link")

    class Meta:
        model = Invitation
        fields = ["id", "role", "email", "invited_by", "created_at", "expires_at", "sent_at"]
        read_only_fields = fields


class NewInvitationSerializer(InvitationSerializer):
    """An invitation with its link, which is shown this once; none when it is mailed."""

    link = serializers.CharField(allow_null=True, read_only=True)

    class Meta(InvitationSerializer.Meta):
        fields = [*InvitationSerializer.Meta.fields, "link"]
        read_only_fields = fields


class SecretSerializer(serializers.Serializer[dict[str, Any]]):
    secret = serializers.CharField(max_length=200, help_text="The last part of the link.")


class InvitationListView(MissionScoped):
    key_scopes: ClassVar = {"GET": ADMIN, "POST": ADMIN}
    writer = Role.OWNER
    serializer_class = InvitationSerializer
    queryset = Invitation.objects.none()

    def get_throttles(self) -> list[Any]:
        own = [MemberThrottle()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *own]

    @extend_schema(
        operation_id="invitations_list",
        responses={200: InvitationSerializer(many=True), **problems(403, 404)},
    )
    def get(self, _request: Request, **_: Any) -> Response:
        """List the invitations that are open, the newest first."""
        self.require(Role.OWNER)
        found = selectors.invitations_to(mission=self.mission, now=timezone.now())
        page = self.paginate_queryset(found)
        return self.get_paginated_response(InvitationSerializer(page, many=True).data)

    @extend_schema(
        operation_id="invitations_create",
        request=InviteSerializer,
        responses={201: NewInvitationSerializer, **problems(400, 403, 404, 413, 422, 429)},
    )
    def post(self, request: Request, **_: Any) -> Response:
        """Invite someone with a role: by e-mail, or with a link that works once."""
        given = InviteSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        base = request.build_absolute_uri("/")
        made = InviteMember(
            mission=self.mission,
            invited_by=self.user,
            base=base,
            now=timezone.now(),
            **given.validated_data,
        ).execute()
        link = invitation_link(base, made.secret) if made.secret else None
        body = {**InvitationSerializer(made.invitation).data, "link": link}
        return Response(body, status=201, headers={"Cache-Control": "no-store"})


class InvitationView(MissionScoped):
    key_scopes: ClassVar = {"DELETE": ADMIN}
    writer = Role.OWNER

    @extend_schema(operation_id="invitations_revoke", responses={204: None, **problems(403, 404)})
    def delete(self, _request: Request, invitation_id: int, **_: Any) -> Response:
        """Take an invitation back."""
        found = selectors.invitation_to(mission=self.mission, invitation_id=invitation_id)
        RevokeInvitation(invitation=found, now=timezone.now()).execute()
        return Response(status=204)


class AcceptInvitationView(APIView):
    key_scopes: ClassVar = {"POST": ADMIN}

    @extend_schema(
        operation_id="invitations_accept",
        request=SecretSerializer,
        responses={201: MemberSerializer, **problems(400, 404, 409, 410, 413, 422)},
    )
    def post(self, request: Request) -> Response:
        """Accept an invitation as the caller."""
        given = SecretSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        accept = AcceptInvitation(
            secret=given.validated_data["secret"], user=caller(request), now=timezone.now()
        )
        return Response(MemberSerializer(accept.execute()).data, status=201)
