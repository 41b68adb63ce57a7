"""What the index holds, and how far it is for each mission.

The words themselves lie in the table ``search_words`` (``engines``), one row an entry, with the
entry's key: FTS5 on SQLite, a ``tsvector`` on PostgreSQL. They go when their entry goes.
"""

from typing import Final

from django.db import models
from django.db.models import F
from django.utils.translation import gettext_lazy as _

from agents.models import AgentRun
from missions.models import Mission, MissionFile

VERSION: Final = 1
"""Of what is put into the index: a higher one has everything indexed anew within the hour."""


class SearchEntry(models.Model):
    """One thing that can be found. Who may see its mission may find it."""

    class Kind(models.TextChoices):
        MISSION = "mission", _("mission")
        FILE = "file", _("file")
        RUN = "run", _("run")

    key = models.CharField(max_length=50, unique=True, help_text=_("kind and key of what it is"))
    kind = models.CharField(max_length=10, choices=Kind)
    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="+")
    file = models.OneToOneField(
        MissionFile, on_delete=models.CASCADE, null=True, related_name="entry"
    )
    run = models.OneToOneField(AgentRun, on_delete=models.CASCADE, null=True, related_name="entry")
    name = models.CharField(max_length=200, blank=True, help_text=_("title of a mission, or path"))
    source = models.CharField(
        max_length=64, blank=True, help_text=_("hash of the content it was made from")
    )
    text = models.TextField(blank=True, help_text=_("of a run; contents are in the blob store"))
    language = models.CharField(max_length=2)
    version = models.PositiveSmallIntegerField(default=VERSION)
    at = models.DateTimeField(help_text=_("of the last change"))

    class Meta:
        verbose_name_plural = _("search entries")

    def __str__(self) -> str:
        return self.key


class PositionQuerySet(models.QuerySet["SearchPosition"]):
    def behind(self) -> "PositionQuerySet":
        """Keep those whose mission has changed since, the longest unchanged first."""
        return self.filter(mission__seq__gt=F("seq")).order_by("mission__updated_at")


class SearchPosition(models.Model):
    """How far the index is for a mission: everything up to its event ``seq`` is in it."""

    mission = models.OneToOneField(
        Mission, on_delete=models.CASCADE, primary_key=True, related_name="search_position"
    )
    seq = models.BigIntegerField(default=-1)

    objects = PositionQuerySet.as_manager()

    def __str__(self) -> str:
        return f"mission {self.mission_id} is indexed up to {self.seq}"
