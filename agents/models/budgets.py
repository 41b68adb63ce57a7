"""What missions may cost, and who was told that it is nearly used up."""

from typing import ClassVar, Self

from django.db import models
from django.utils.translation import gettext_lazy as _

from agents.models.money import money_field
from missions.models import Mission


class Budget(models.Model):
    """The caps that an owner gave a mission, in all and a day; empty: as the installation says."""

    mission = models.OneToOneField(
        Mission, on_delete=models.CASCADE, primary_key=True, related_name="budget"
    )
    dollars = money_field()
    tokens = models.PositiveBigIntegerField(null=True, blank=True, help_text=_("of replies"))
    calls = models.PositiveBigIntegerField(null=True, blank=True)
    day_dollars = money_field()
    day_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    day_calls = models.PositiveBigIntegerField(null=True, blank=True)
    updated_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"budget of {self.mission_id}"


class BudgetNotice(models.Model):
    """Somebody was told that a cap is nearly, or quite, used up: once for each cap and day."""

    key = models.CharField(max_length=200, unique=True)
    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes: ClassVar = [models.Index(fields=["at"], name="notice_by_time")]

    def __str__(self) -> str:
        return self.key


class Till(models.Model):
    """The one row that whoever reserves money holds: reservations happen one after another."""

    def __str__(self) -> str:
        return "the till"

    @classmethod
    def hold(cls) -> Self:
        """Wait for the others and keep it until the transaction ends."""
        cls.objects.get_or_create(pk=1)
        return cls.objects.select_for_update().get(pk=1)
