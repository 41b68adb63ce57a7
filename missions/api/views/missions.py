"""Missions over HTTP: list, create, read, change, reset, delete."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext
from drf_spectacular.utils import extend_schema
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from missions import hooks, selectors
from missions.api import etags
from missions.api.serializers import (
    LeftAloneSerializer,
    MissionCreateSerializer,
    MissionFilterSerializer,
    MissionPlacedSerializer,
    MissionSerializer,
    MissionUpdateSerializer,
    SampleSerializer,
)
from missions.api.views.base import MissionScoped, Role
from missions.api.views.files import IF_MATCH
from missions.models import Membership, Mission
from missions.services import (
    AdoptFolder,
    CreateMission,
    DeleteMission,
    LoadSample,
    MoveMission,
    Placed,
    ResetMission,
    UpdateMission,
)
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.accounts.repeats import IDEMPOTENCY_KEY, repeatable
from parallagon.core.api import problems
from parallagon.core.errors import ValidationError


def mission_data(request: Request, mission_id: int) -> Mapping[str, Any]:
    """Return a mission as the caller sees it now.

    Raises:
        ResourceNotFoundError: there is none, or not for the caller.
    """
    return shown(selectors.membership(user=caller(request), mission_id=mission_id))


def shown(membership: Membership) -> Mapping[str, Any]:
    """Return the membership's mission as JSON."""
    return _shown([(membership.mission, membership.role)])[0]


def answer(membership: Membership, placed: Placed | None = None, *, status: int = 200) -> Response:
    """Return the membership's mission, and what became of its folder, with its entity tag."""
    tag = etags.etag_of_mission(membership.mission)
    body = dict(shown(membership))
    if placed:
        body["left_alone"] = LeftAloneSerializer(placed.left_alone, many=True).data
        body["left_behind"] = placed.left_behind
    return Response(body, status=status, headers={"ETag": tag})


def _shown(entries: Iterable[tuple[Mission, str]]) -> list[Mapping[str, Any]]:
    known = list(entries)
    ids = [mission.pk for mission, _role in known]
    activities = hooks.activity_of(ids)
    spending = hooks.spending_of(ids, now=timezone.now())
    rows = [
        {
            "id": mission.pk,
            "title": mission.title,
            "language": mission.language,
            "state": mission.state,
            "activity": activities[mission.pk],
            "is_demo": mission.is_demo,
            "model": mission.model,
            "role": role,
            "folder": mission.folder if role == Role.OWNER else "",
            "seq": mission.seq,
            **asdict(spending[mission.pk]),
            "deleted_at": mission.deleted_at,
            "purged_after": selectors.purged_after(mission),
            "created_at": mission.created_at,
            "updated_at": mission.updated_at,
        }
        for mission, role in known
    ]
    return list(MissionSerializer(rows, many=True).data)


class MissionListView(GenericAPIView[Mission]):
    serializer_class = MissionSerializer
    queryset = Mission.objects.none()

    @extend_schema(
        operation_id="missions_list",
        parameters=[MissionFilterSerializer],
        responses={200: MissionSerializer(many=True), **problems(404, 422)},
    )
    def get(self, request: Request) -> Response:
        """List the missions of which the caller is a member, the newest first."""
        filters = MissionFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        missions = selectors.missions_of(user=caller(request), **filters.validated_data)
        page = self.paginate_queryset(missions) or []
        entries = ((mission, mission.member_role) for mission in page)  # type: ignore[attr-defined] # annotated
        return self.get_paginated_response(_shown(entries))

    @extend_schema(
        operation_id="missions_create",
        parameters=[IDEMPOTENCY_KEY],
        request=MissionCreateSerializer,
        responses={201: MissionPlacedSerializer, **problems(400, 403, 409, 413, 422, 503)},
    )
    @repeatable
    def post(self, request: Request) -> Response:
        """Create a mission from a request, or from a folder; the caller owns it."""
        given = MissionCreateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        wanted = {"owner": caller(request), "now": timezone.now(), **given.validated_data}
        folder = wanted.pop("folder", "")
        if folder:
            placed = AdoptFolder(folder=folder, **wanted).execute()
        else:
            placed = Placed(mission=CreateMission(**wanted).execute())
        member = selectors.membership(user=caller(request), mission_id=placed.mission.pk)
        return answer(member, placed, status=201)


class MissionView(MissionScoped):
    key_scopes: ClassVar = {"DELETE": ApiKey.Scope.ADMIN.value}
    serializer_class = MissionSerializer

    @extend_schema(
        operation_id="missions_retrieve", responses={200: MissionSerializer, **problems(404)}
    )
    def get(self, _request: Request, **_: Any) -> Response:
        """Read a mission."""
        return answer(self.membership)

    @extend_schema(
        operation_id="missions_update",
        parameters=[IF_MATCH],
        request=MissionUpdateSerializer,
        responses={
            200: MissionPlacedSerializer,
            **problems(400, 403, 404, 409, 412, 413, 422, 503),
        },
    )
    def patch(self, request: Request, **_: Any) -> Response:
        """Change a mission's title or its default model; an owner may move it instead."""
        given = MissionUpdateSerializer(data=request.data)
        given.is_valid(raise_exception=True)
        version = etags.version_to_match(request, self.mission)
        return answer(self.membership, self._change(dict(given.validated_data), version))

    def _change(self, wanted: dict[str, Any], version: int | None) -> Placed:
        fixed: dict[str, Any] = {"version": version, "now": timezone.now()}
        if "folder" not in wanted:
            update = UpdateMission(mission=self.mission, **fixed, **wanted)
            return Placed(mission=update.execute())
        self.require(Role.OWNER)
        if len(wanted) > 1:
            raise ValidationError(gettext("Move a mission in a request of its own."))
        return MoveMission(mission=self.mission, **fixed, **wanted).execute()

    @extend_schema(
        operation_id="missions_delete",
        parameters=[IF_MATCH],
        responses={204: None, **problems(403, 404, 409, 412)},
    )
    def delete(self, request: Request, **_: Any) -> Response:
        """Delete a mission: hidden at once, restorable for a while, then purged."""
        self.require(Role.OWNER)
        etags.version_to_match(request, self.mission)
        DeleteMission(mission=self.mission, user=self.user, now=timezone.now()).execute()
        return Response(status=204)


class ResetMissionView(MissionScoped):
    key_scopes: ClassVar = {"POST": ApiKey.Scope.ADMIN.value}
    writer = Role.OWNER
    serializer_class = MissionSerializer

    @extend_schema(
        operation_id="missions_reset",
        request=None,
        responses={200: MissionSerializer, **problems(403, 404, 409, 503)},
    )
    def post(self, _request: Request, **_: Any) -> Response:
        """Begin again: templates and the first request; every revision stays restorable."""
        ResetMission(mission=self.mission, user=self.user, now=timezone.now()).execute()
        return Response(shown(self.membership))


class SampleView(MissionScoped):
    serializer_class = SampleSerializer

    @extend_schema(
        operation_id="missions_load_sample",
        request=None,
        responses={200: SampleSerializer, **problems(403, 404, 409, 503)},
    )
    def post(self, _request: Request, **_: Any) -> Response:
        """Write a worked example into the mission; what anybody wrote there stays."""
        load = LoadSample(mission=self.mission, user=self.user, now=timezone.now())
        return Response(SampleSerializer(load.execute()).data)
