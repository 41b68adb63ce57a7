"""What happened, who holds what, what was found."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from missions import selectors
from missions.admin.base import ReadOnlyAdmin
from missions.models import (
    Event,
    LandingRecord,
    Lease,
    Sweep,
)


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


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = ("started_at", "finding_count", "open_count", "file_count", "blob_count")
    ordering = ("-pk",)
