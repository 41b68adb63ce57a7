"""What pages about the past share."""

from typing import Any
from uuid import UUID

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from missions import selectors
from missions.models import (
    Mission,
    Revision,
)

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


def author_of(revision: Revision) -> str:
    if revision.user:
        return revision.user.display_name()
    return revision.role or str(revision.get_author_kind_display())


def mission_link(mission: Mission) -> str:
    address = reverse("admin:missions_mission_change", args=[mission.pk])
    return format_html('<a href="{}">{}</a>', address, mission.title)


def run_link(run_id: UUID | None) -> str:
    """Lead to everything that a run wrote."""
    if run_id is None:
        return ""
    address = reverse("admin:missions_revision_changelist")
    return format_html('<a href="{}?q={}">{}</a>', address, run_id, str(run_id)[:8])
