"""Missions in the admin: people and titles can be changed, history only read."""

from typing import Any, ClassVar, cast
from uuid import UUID

from django.contrib import admin, messages
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from missions import selectors
from missions.models import (
    Event,
    LandingRecord,
    Lease,
    Membership,
    Mission,
    MissionFile,
    MissionTransition,
    Proposal,
    ProposalFile,
    Revision,
    Sweep,
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

PREVIEW = 20_000  # characters


class ReadOnlyAdmin(admin.ModelAdmin[Any]):
    """What happened can be looked at, never changed: every change of a file lands."""

    list_per_page = 50
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


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


@admin.register(MissionFile)
class MissionFileAdmin(ReadOnlyAdmin):
    list_display = ("path", "mission", "number", "size", "author", "changed_at")
    list_filter = ("current__author_kind",)
    list_select_related = ("mission", "current__blob", "current__user")
    search_fields = ("path", "mission__title")
    ordering = ("-current__created_at",)

    @admin.display(description=_("revision"), ordering="current__number")
    def number(self, file: MissionFile) -> int | None:
        return file.current.number if file.current else None

    @admin.display(description=_("bytes"), ordering="current__blob__size")
    def size(self, file: MissionFile) -> int | None:
        return file.current.blob.size if file.current and file.current.blob else None

    @admin.display(description=_("author"))
    def author(self, file: MissionFile) -> str:
        return _author(file.current) if file.current else ""

    @admin.display(description=_("changed"), ordering="current__created_at")
    def changed_at(self, file: MissionFile) -> Any:
        return file.current.created_at if file.current else None


class MissionFilter(admin.SimpleListFilter):
    """The missions that changed last, and the chosen one: a list that does not grow."""

    title = _("mission")
    parameter_name = "mission"
    most = 30
    lookup = "mission"

    def lookups(self, *_args: Any) -> list[tuple[str, str]]:
        recent = Mission.objects.order_by("-updated_at")[: self.most]
        known = {str(pk): title for pk, title in recent.values_list("pk", "title")}
        if (chosen := self.value()) and chosen.isdecimal():
            known.setdefault(chosen, f"#{chosen}")
        return list(known.items())

    def queryset(self, _request: HttpRequest, rows: QuerySet[Any]) -> QuerySet[Any]:
        chosen = self.value()
        if chosen is None:
            return rows
        is_one = chosen.isdecimal() and int(chosen) <= selectors.LARGEST_ID
        return rows.filter(**{self.lookup: int(chosen)}) if is_one else rows.none()


class MissionOfFileFilter(MissionFilter):
    lookup = "file__mission"


@admin.register(Revision)
class RevisionAdmin(ReadOnlyAdmin):
    list_display = (
        "path", "mission", "number", "operation", "author", "run", "size", "created_at",
    )  # fmt: skip
    list_filter = (MissionOfFileFilter, "author_kind", "operation", "role")
    list_select_related = ("file__mission", "blob", "user")
    search_fields = (
        "path", "file__path", "file__mission__title", "=run_id", "=reverts_run", "=blob__hash",
    )  # fmt: skip
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    fields = (
        "file", "path", "number", "operation", "author", "run", "reverts_run", "parent", "blob",
        "created_at", "text",
    )  # fmt: skip
    readonly_fields = ("author", "run", "text")

    @admin.display(description=_("mission"), ordering="file__mission__title")
    def mission(self, revision: Revision) -> str:
        return _mission_link(revision.file.mission)

    @admin.display(description=_("run"), ordering="run_id")
    def run(self, revision: Revision) -> str:
        return _run_link(revision.run_id)

    @admin.display(description=_("author"))
    def author(self, revision: Revision) -> str:
        return _author(revision)

    @admin.display(description=_("bytes"), ordering="blob__size")
    def size(self, revision: Revision) -> int | None:
        return revision.blob.size if revision.blob else None

    @admin.display(description=_("text"))
    def text(self, revision: Revision) -> str:
        """Return the text, or its beginning; the page escapes it."""
        try:
            text = selectors.text_of(revision)
        except ParallagonError as error:
            return error.message
        return text if len(text) <= PREVIEW else f"{text[:PREVIEW]}…"


@admin.register(Event)
class EventAdmin(ReadOnlyAdmin):
    list_display = ("seq", "mission", "type", "data", "at")
    list_filter = ("type",)
    list_select_related = ("mission",)
    search_fields = ("mission__title", "data")
    date_hierarchy = "at"
    ordering = ("-pk",)


@admin.register(LandingRecord)
class LandingRecordAdmin(ReadOnlyAdmin):
    list_display = ("pk", "mission", "state", "paths", "run_id", "created_at", "closed_at")
    list_filter = ("state",)
    list_select_related = ("mission",)
    search_fields = ("mission__title", "=run_id", "entries")
    date_hierarchy = "created_at"
    ordering = ("-pk",)

    @admin.display(description=_("files"))
    def paths(self, record: LandingRecord) -> str:
        return ", ".join(entry["path"] for entry in record.entries)


class HeldFilter(admin.SimpleListFilter):
    title = _("held")
    parameter_name = "held"

    def lookups(self, *_args: Any) -> list[tuple[str, Any]]:
        return [("yes", _("held")), ("no", _("given back"))]

    def queryset(self, _request: HttpRequest, leases: QuerySet[Lease]) -> QuerySet[Lease]:
        if self.value() is None:
            return leases
        return leases.filter(released_at__isnull=self.value() == "yes")


@admin.register(Lease)
class LeaseAdmin(ReadOnlyAdmin):
    list_display = (
        "token", "mission", "role", "patterns", "taken_at", "ends_at", "released_at", "worker",
    )  # fmt: skip
    list_filter = (HeldFilter, "role")
    list_select_related = ("mission",)
    search_fields = ("mission__title", "role", "=run_id")
    ordering = ("-pk",)

    @admin.display(description=_("process at work"))
    def worker(self, lease: Lease) -> str:
        if lease.released_at is not None:
            return ""
        return str(selectors.worker_of(run_id=lease.run_id) or "")


class ProposalFileInline(admin.TabularInline[ProposalFile, Proposal]):
    model = ProposalFile
    extra = 0
    can_delete = False
    fields = ("path", "state", "decided_by", "decided_at", "base_number", "base", "blob")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProposalFile]:
        return super().get_queryset(request).select_related("decided_by", "base", "blob")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Proposal)
class ProposalAdmin(ReadOnlyAdmin):
    list_display = (
        "pk", "in_mission", "role", "reason", "state", "paths", "run", "created_at", "decided_by",
    )  # fmt: skip
    list_filter = (MissionFilter, "state", "reason", "role")
    list_select_related = ("mission", "decided_by")
    search_fields = ("mission__title", "role", "=run_id", "files__path")
    date_hierarchy = "created_at"
    ordering = ("-pk",)
    fields = ("in_mission", "role", "run", "reason", "state", "created_at", "decided_at",
              "decided_by")  # fmt: skip
    readonly_fields = ("in_mission", "run")
    inlines: ClassVar = [ProposalFileInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Proposal]:
        return super().get_queryset(request).prefetch_related("files")

    @admin.display(description=_("mission"), ordering="mission__title")
    def in_mission(self, proposal: Proposal) -> str:
        return _mission_link(proposal.mission)

    @admin.display(description=_("files"))
    def paths(self, proposal: Proposal) -> str:
        """Return the first paths of a proposal, which may have many."""
        paths = [file.path for file in proposal.files.all()]
        return ", ".join(paths[:3]) + (f" (+{len(paths) - 3})" if len(paths) > 3 else "")

    @admin.display(description=_("run"), ordering="run_id")
    def run(self, proposal: Proposal) -> str:
        return _run_link(proposal.run_id)


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "finding_count", "open_count", "file_count", "blob_count")
    ordering = ("-pk",)


def _author(revision: Revision) -> str:
    if revision.user:
        return revision.user.display_name()
    return revision.role or str(revision.get_author_kind_display())


def _mission_link(mission: Mission) -> str:
    address = reverse("admin:missions_mission_change", args=[mission.pk])
    return format_html('<a href="{}">{}</a>', address, mission.title)


def _run_link(run_id: UUID | None) -> str:
    """Lead to everything that a run wrote."""
    if run_id is None:
        return ""
    address = reverse("admin:missions_revision_changelist")
    return format_html('<a href="{}?q={}">{}</a>', address, run_id, str(run_id)[:8])
