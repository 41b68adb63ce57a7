"""What a look at everything that is stored has found."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class Sweep(models.Model):
    """One look at files, blobs and rows, whether they agree; the last hundred are kept.

    ``findings`` is a list of ``{"kind", "mission", "path", "detail", "is_mended"}``, at most 1,000.
    """

    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    file_count = models.PositiveIntegerField(help_text=_("files compared with their revision"))
    blob_count = models.PositiveIntegerField(help_text=_("contents read and hashed"))
    finding_count = models.PositiveIntegerField()
    open_count = models.PositiveIntegerField(help_text=_("findings that nothing could mend"))
    findings = models.JSONField(default=list)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"sweep {self.pk}: {self.finding_count} findings"
