"""What a sweep can find, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

MOST_KEPT = 1000


class Kind(models.TextChoices):
    """What is wrong; what the sweep does about it stands beside it."""

    # In a mission's folder.
    FILE_DIFFERS = "file_differs", _("a file is not its revision")  # taken in as a revision
    FILE_UNKNOWN = "file_unknown", _("a file has no revision")  # taken in as a revision
    FILE_NOT_TEXT = "file_not_text", _("a file is not text")  # set aside, the revision put back
    FILE_MISSING = "file_missing", _("a file is missing from the folder")  # put back
    FILE_NOT_PLAIN = "file_not_plain", _("something else lies where a file belongs")  # reported
    FOLDER_GONE = "folder_gone", _("a mission's folder is gone")  # its own is made anew
    FOLDER_ORPHAN = "folder_orphan", _("a folder belongs to no mission")  # removed when empty
    # In the store of contents.
    BLOB_MISSING = "blob_missing", _("a content is missing")  # put back from the folder
    BLOB_DAMAGED = "blob_damaged", _("a content is damaged")  # put back from the folder
    BLOB_ORPHAN = "blob_orphan", _("a content belongs to nothing")  # removed
    BLOB_UNUSED = "blob_unused", _("no revision has this content any more")  # its row removed
    BLOB_SIZE = "blob_size", _("a content has another size than its row says")  # corrected
    # In the database.
    RECORD_OPEN = "record_open", _("a landing was not finished")  # finished
    CURRENT_WRONG = "current_wrong", _("a file's current revision is not its last")  # corrected
    REMOVED_WRONG = "removed_wrong", _("a file is wrongly there, or wrongly removed")  # corrected
    COUNTER_BEHIND = "counter_behind", _("a mission's counter is behind")  # corrected
    LEASE_LEFT = "lease_left", _("a lease was never given back")  # given back
    MISSION_HALF_MADE = "mission_half_made", _("a mission was never finished")  # removed
    # What dead processes leave.
    TEMPORARY_LEFT = "temporary_left", _("a temporary file was left")  # removed
    STAGING_LEFT = "staging_left", _("a run's private folder was left")  # removed
    RUN_FOLDER_LEFT = "run_folder_left", _("a folder belongs to no run")  # removed


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that is wrong. ``is_mended``: not any more."""

    kind: Kind
    detail: str
    mission: int | None = None
    path: str = ""
    is_mended: bool = False

    def as_data(self) -> dict[str, Any]:
        return {
            "kind": self.kind.value,
            "mission": self.mission,
            "path": self.path,
            "detail": self.detail,
            "is_mended": self.is_mended,
        }


@dataclass(kw_only=True)
class Report:
    """What a sweep looked at and found."""

    file_count: int = 0
    blob_count: int = 0
    findings: list[Finding] = field(default_factory=list)

    def add(self, findings: Iterable[Finding]) -> None:
        self.findings.extend(findings)

    @property
    def open(self) -> list[Finding]:
        """Return what nothing could mend."""
        return [finding for finding in self.findings if not finding.is_mended]

    def counts(self) -> Mapping[str, int]:
        """Return how often each kind was found."""
        counts: dict[str, int] = {}
        for finding in self.findings:
            counts[finding.kind.value] = counts.get(finding.kind.value, 0) + 1
        return counts
