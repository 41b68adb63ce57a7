"""Results that wait, to be read."""

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from missions.admin.base import MissionFilter, ReadOnlyAdmin, mission_link, run_link
from missions.models import (
    Proposal,
    ProposalFile,
)


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
        return mission_link(proposal.mission)

    @admin.display(description=_("files"))
    def paths(self, proposal: Proposal) -> str:
        """Return the first paths of a proposal, which may have many."""
        paths = [file.path for file in proposal.files.all()]
        return ", ".join(paths[:3]) + (f" (+{len(paths) - 3})" if len(paths) > 3 else "")

    @admin.display(description=_("run"), ordering="run_id")
    def run(self, proposal: Proposal) -> str:
        return run_link(proposal.run_id)
