"""Missions: people and titles can be changed by the operations that everyone uses."""

from typing import Any, ClassVar, cast

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from missions import selectors
from missions.admin.base import ReadOnlyAdmin
from missions.models import (
    Membership,
    Mission,
    MissionTransition,
)
from missions.services import (
    AddMember,
    ArchiveMission,
    ChangeRole,
    DeleteMission,
    RemoveMember,
    RestoreMission,
    UpdateMission,
)
from parallagon.accounts.models import User
from parallagon.core.errors import ParallagonError
from parallagon.core.services import BaseService


class MembershipInline(admin.TabularInline[Membership, Mission]):
    model = Membership
    extra = 0
    autocomplete_fields = ("user",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Membership]:
        return super().get_queryset(request).select_related("user", "mission")


class TransitionInline(admin.TabularInline[MissionTransition, Mission]):
    model = MissionTransition
    extra = 0
    can_delete = False
    fields = ("at", "before", "after", "user")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[MissionTransition]:
        return super().get_queryset(request).select_related("user", "mission")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Mission)
class MissionAdmin(admin.ModelAdmin[Mission]):
    """Titles, models, members and states, each changed by the operation that people use."""

    actions = ("archive", "restore", "put_in_the_bin")
    list_display = ("title", "owner", "state", "language", "model", "files", "seq", "updated_at")
    list_filter = ("state", "language", "is_demo", "created_at")
    list_select_related = ("owner",)
    search_fields = ("title", "owner__username", "model")
    date_hierarchy = "created_at"
    inlines: ClassVar = [MembershipInline, TransitionInline]
    fields = (
        "title", "owner", "language", "state", "deleted_at", "model", "folder", "is_demo", "seq",
        "fence", "version", "created_at", "updated_at", "writer",
    )  # fmt: skip
    readonly_fields = (
        "owner", "language", "state", "deleted_at", "folder", "is_demo", "seq", "fence", "version",
        "created_at", "updated_at", "writer",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Mission]:
        return super().get_queryset(request).annotate(file_count=Count("files"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # a mission without its folder and files is none

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Mission, form: Any, change: bool) -> None:
        mission = Mission.objects.get(pk=obj.pk)
        wanted = {name: form.cleaned_data[name] for name in form.changed_data}
        self._attempt(request, UpdateMission(mission=mission, now=timezone.now(), **wanted))

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Carry out what was changed about the members."""
        now = timezone.now()
        formset.save(commit=False)
        for member in formset.new_objects:
            role = {"user": member.user, "role": member.role}
            self._attempt(request, AddMember(mission=form.instance, now=now, **role))
        for member, _fields in formset.changed_objects:
            self._attempt(request, ChangeRole(member=member, role=member.role, now=now))
        for member in formset.deleted_objects:
            self._attempt(request, RemoveMember(member=member, now=now))

    @admin.action(description=_("Archive"))
    def archive(self, request: HttpRequest, missions: QuerySet[Mission]) -> None:
        self._move(request, missions, ArchiveMission)

    @admin.action(description=_("Restore"))
    def restore(self, request: HttpRequest, missions: QuerySet[Mission]) -> None:
        self._move(request, missions, RestoreMission)

    @admin.action(description=_("Delete (can be restored for a while)"))
    def put_in_the_bin(self, request: HttpRequest, missions: QuerySet[Mission]) -> None:
        self._move(request, missions, DeleteMission)

    def _move(
        self,
        request: HttpRequest,
        missions: QuerySet[Mission],
        operation: type[ArchiveMission | DeleteMission | RestoreMission],
    ) -> None:
        user = cast("User", request.user)  # the admin lets nobody else in
        for mission in missions:
            self._attempt(request, operation(mission=mission, user=user, now=timezone.now()))

    def _attempt(self, request: HttpRequest, operation: BaseService[Any]) -> None:
        try:
            operation.execute()
        except ParallagonError as error:
            self.message_user(request, error.message, messages.ERROR)

    @admin.display(description=_("who writes now"))
    def writer(self, mission: Mission) -> str:
        return str(selectors.writer_of(mission=mission) or "")

    @admin.display(description=_("files"), ordering="file_count")
    def files(self, mission: Mission) -> int:
        return int(getattr(mission, "file_count", 0))


@admin.register(Membership)
class MembershipAdmin(ReadOnlyAdmin):
    """Who takes part where; it is changed on the page of the mission."""

    list_display = ("mission", "user", "role", "created_at")
    list_filter = ("role",)
    list_select_related = ("mission", "user")
    search_fields = ("mission__title", "user__username", "user__email")


@admin.register(MissionTransition)
class MissionTransitionAdmin(ReadOnlyAdmin):
    list_display = ("at", "mission", "before", "after", "user")
    list_filter = ("after",)
    list_select_related = ("mission", "user")
    search_fields = ("mission__title", "user__username")
    date_hierarchy = "at"
    ordering = ("-pk",)
