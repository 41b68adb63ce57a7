"""Files and their revisions, to be read."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from missions import selectors
from missions.admin.base import (
    PREVIEW,
    MissionFilter,
    ReadOnlyAdmin,
    author_of,
    mission_link,
    run_link,
)
from missions.models import (
    MissionFile,
    Revision,
)
from parallagon.core.errors import ParallagonError


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
        return author_of(file.current) if file.current else ""

    @admin.display(description=_("changed"), ordering="current__created_at")
    def changed_at(self, file: MissionFile) -> Any:
        return file.current.created_at if file.current else None


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
        return mission_link(revision.file.mission)

    @admin.display(description=_("run"), ordering="run_id")
    def run(self, revision: Revision) -> str:
        return run_link(revision.run_id)

    @admin.display(description=_("author"))
    def author(self, revision: Revision) -> str:
        return author_of(revision)

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
