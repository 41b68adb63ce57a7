"""What happened in a mission, in order."""

from typing import ClassVar

from django.db import models

from missions.models.missions import Mission


class Event(models.Model):
    """A small fact with the mission's next number; written in the transaction of the change."""

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="events")
    seq = models.BigIntegerField()
    type = models.CharField(max_length=40)
    data = models.JSONField()
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["seq"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mission", "seq"], name="event_number_once"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.seq}"
