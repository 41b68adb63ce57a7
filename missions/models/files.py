"""Files, their revisions, and the blobs that hold the bytes."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from missions.models.missions import Mission


class Blob(models.Model):
    """Content addressed by its SHA-256; the bytes, compressed, lie in the blob store."""

    hash = models.CharField(max_length=64, primary_key=True)
    size = models.PositiveBigIntegerField(help_text=_("bytes before compression"))
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.hash[:12]


class MissionFileQuerySet(models.QuerySet["MissionFile"]):
    def present(self) -> "MissionFileQuerySet":
        """Keep the files that have not been removed."""
        return self.filter(is_removed=False, current__isnull=False)


class MissionFile(models.Model):
    """A text file of a mission, past or present; ``current`` is its last revision.

    A file that moves stays the same file with another path. One that was removed keeps its path
    and its history; it comes back when something is created there, unless another file moved to
    that path meanwhile.
    """

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=200)
    path_key = models.CharField(max_length=400, help_text=_("the path without case"))
    is_removed = models.BooleanField(default=False, help_text=_("its last revision removed it"))
    current = models.OneToOneField(
        "missions.Revision", on_delete=models.SET_NULL, null=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = MissionFileQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["path"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["mission", "path_key"],
                condition=Q(is_removed=False),
                name="file_once_by_case",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mission", "path_key"], name="file_by_path"),
        ]

    def __str__(self) -> str:
        return self.path


class Revision(models.Model):
    """One content of one file at one path; append-only. No blob: the file was removed."""

    class Operation(models.TextChoices):
        CREATE = "CREATE", _("created")
        WRITE = "WRITE", _("changed")
        RESTORE = "RESTORE", _("restored")
        REVERT = "REVERT", _("without what a run did")
        MOVE = "MOVE", _("moved")
        DELETE = "DELETE", _("removed")

    class AuthorKind(models.TextChoices):
        PERSON = "person", _("person")
        AGENT = "agent", _("agent")
        EXTERNAL = "external", _("another program")
        SYSTEM = "system", _("Parallagon")

    file = models.ForeignKey(MissionFile, on_delete=models.CASCADE, related_name="revisions")
    number = models.PositiveIntegerField()
    path = models.CharField(max_length=200, help_text=_("of the file as of this revision"))
    operation = models.CharField(max_length=10, choices=Operation)
    blob = models.ForeignKey(Blob, on_delete=models.PROTECT, null=True, related_name="revisions")
    parent = models.ForeignKey("self", on_delete=models.SET_NULL, null=True, related_name="+")
    author_kind = models.CharField(max_length=10, choices=AuthorKind)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    author_name = models.CharField(
        max_length=150, blank=True, help_text=_("of a person who has no account here")
    )
    role = models.CharField(max_length=40, blank=True)
    run_id = models.UUIDField(null=True, db_index=True)
    reverts_run = models.UUIDField(
        null=True, db_index=True, help_text=_("the run whose changes it took back")
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["file", "number"], name="revision_number_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["created_at"], name="revision_by_time")]

    def __str__(self) -> str:
        return f"{self.file_id} r{self.number}"
