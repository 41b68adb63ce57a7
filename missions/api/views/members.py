"""The members of a mission over HTTP."""

from typing import Any, ClassVar

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from missions import selectors
from missions.api.serializers import MemberAddSerializer, MemberSerializer, RoleSerializer
from missions.api.throttling import MemberThrottle
from missions.api.views.base import MissionScoped, Role
from missions.models import Membership
from missions.services import AddMember, ChangeRole, RemoveMember
from parallagon.accounts.models import ApiKey
from parallagon.core.api import problems


class MemberListView(MissionScoped):
    key_scopes: ClassVar = {"POST": ApiKey.Scope.ADMIN.value}
    writer = Role.OWNER
    serializer_class = MemberSerializer
    queryset = Membership.objects.none()

    def get_throttles(self) -> list[Any]:
        own = [MemberThrottle()] if self.request.method == "POST" else []
        return [*super().get_throttles(), *own]

    @extend_schema(
        operation_id="members_list",
        responses={200: MemberSerializer(many=True), **problems(404)},
    )
    def get(self, _request: Request, **_: Any) -> Response:
        """List who takes part in a mission, the newest first."""
        page = self.paginate_queryset(selectors.members_of(mission=self.mission))
        return self.get_paginated_response(MemberSerializer(page, many=True).data)

    @extend_schema(
        operation_id="members_add",
        request=MemberAddSerializer,
        responses={201: MemberSerializer, **problems(400, 403, 404, 409, 413, 422, 429)},
    )
    def post(self, request: Request, **_: Any) -> Response:
        """Let someone take part: their user name or e-mail address, spelled out, and a role."""
        given = MemberAddSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        user = selectors.account(named=given.validated_data["account"])
        role = given.validated_data["role"]
        add = AddMember(mission=self.mission, user=user, role=role, now=timezone.now())
        return Response(MemberSerializer(add.execute()).data, status=201)


class MemberView(MissionScoped):
    key_scopes: ClassVar = {"PATCH": ApiKey.Scope.ADMIN.value, "DELETE": ApiKey.Scope.ADMIN.value}
    writer = Role.VIEWER  # anyone may leave
    serializer_class = MemberSerializer

    @extend_schema(
        operation_id="members_update",
        request=RoleSerializer,
        responses={200: MemberSerializer, **problems(400, 403, 404, 409, 413, 422)},
    )
    def patch(self, request: Request, user_id: int, **_: Any) -> Response:
        """Give a member another role."""
        self.require(Role.OWNER)
        given = RoleSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        change = ChangeRole(
            member=selectors.member(mission=self.mission, user_id=user_id),
            role=given.validated_data["role"],
            now=timezone.now(),
        )
        return Response(MemberSerializer(change.execute()).data)

    @extend_schema(operation_id="members_remove", responses={204: None, **problems(403, 404, 409)})
    def delete(self, _request: Request, user_id: int, **_: Any) -> Response:
        """Remove a member, or leave."""
        if user_id != self.user.pk:
            self.require(Role.OWNER)
        member = selectors.member(mission=self.mission, user_id=user_id)
        RemoveMember(member=member, now=timezone.now()).execute()
        return Response(status=204)
