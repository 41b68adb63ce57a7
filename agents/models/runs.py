"""Runs: one cycle of one agent, and its calls to a model."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agents.models.agents import Agent
from agents.models.failures import Failure
from agents.models.money import money_field
from missions.models import Mission
from parallagon.core import telemetry


class AgentRun(models.Model):
    """One cycle of one agent.

    States::

        QUEUED → RUNNING → FINISHED          (``outcome`` is set once, with FINISHED)
          ▲         │
          └─────────┘ its files are leased: back to the queue
    """

    class State(models.TextChoices):
        QUEUED = "QUEUED", _("queued")
        RUNNING = "RUNNING", _("running")
        FINISHED = "FINISHED", _("finished")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("its interval")
        CHANGE = "change", _("a file changed")
        PERSON = "person", _("a person asked")

    class Step(models.TextChoices):
        CLAIM = "claim", _("claiming")
        WORTH = "worth", _("looking for a reason")
        LEASE = "lease", _("leasing its files")
        STAGE = "stage", _("copying files")
        RESERVE = "reserve", _("reserving budget")
        WORK = "work", _("working")
        JUDGE = "judge", _("checking the result")
        LAND = "land", _("landing")
        SETTLE = "settle", _("settling")

    class Outcome(models.TextChoices):
        CHANGED = "changed", _("changed")
        UNCHANGED = "unchanged", _("unchanged")
        SKIPPED = "skipped", _("skipped")
        PROPOSED = "proposed", _("proposed")
        REJECTED = "rejected", _("rejected")
        FAILED = "failed", _("failed")
        TIMED_OUT = "timed_out", _("timed out")
        CANCELLED = "cancelled", _("cancelled")
        STOPPED_BUDGET = "stopped_budget", _("stopped: budget")
        STOPPED_BREAKER = "stopped_breaker", _("stopped: provider down")

    ACTIVE: ClassVar = [State.QUEUED, State.RUNNING]

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="runs")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="runs")
    trigger = models.CharField(max_length=10, choices=Trigger)
    origin = models.CharField(
        max_length=telemetry.ORIGIN_LENGTH,
        blank=True,
        default="",
        db_default="",  # a process of the last version may still insert rows
        help_text=_("the trace of what brought it about"),
    )
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    step = models.CharField(max_length=10, choices=Step, default=Step.CLAIM)
    outcome = models.CharField(max_length=16, choices=Outcome, blank=True)
    reason = models.CharField(max_length=500, blank=True, help_text=_("of the outcome, in words"))
    failure = models.CharField(
        max_length=30, choices=Failure, blank=True, help_text=_("what went wrong, for programs")
    )
    count = models.PositiveIntegerField(default=1, help_text=_("a streak of skips is one row"))
    fingerprint = models.CharField(max_length=64, blank=True)
    seen_seq = models.BigIntegerField(default=0, help_text=_("the mission's last event it knew"))
    model = models.CharField(max_length=200, blank=True)
    worker = models.CharField(max_length=100, blank=True)
    attempt = models.PositiveIntegerField(default=0, help_text=_("times it was taken up"))
    is_cancel_requested = models.BooleanField(default=False)
    queued_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, help_text=_("last message to the workers"))
    not_before = models.DateTimeField(null=True, help_text=_("sent again no earlier"))
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    deadline_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    changes = models.JSONField(default=list, blank=True)
    refused = models.JSONField(default=list, blank=True)
    flags = models.JSONField(
        default=list, blank=True, help_text=_("what is doubtful in what it wrote")
    )
    timings = models.JSONField(default=dict, blank=True, help_text=_("milliseconds by step"))
    call_count = models.PositiveIntegerField(default=0)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cost = money_field(help_text=_("US dollars; empty: not known"))
    is_cost_assumed = models.BooleanField(
        default=False, help_text=_("the price is not known: the dearest of its provider was taken")
    )
    reserved_cost = money_field(
        help_text=_("at least what its calls have cost so far, while at work")
    )
    reserved_tokens = models.PositiveIntegerField(null=True)
    reserved_calls = models.PositiveIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["-queued_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["agent"],
                condition=Q(state__in=["QUEUED", "RUNNING"]),
                name="run_one_active_an_agent",
            ),
            models.CheckConstraint(
                condition=(Q(state="FINISHED") & ~Q(outcome=""))
                | (~Q(state="FINISHED") & Q(outcome="")),
                name="run_outcome_with_finished",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mission", "-queued_at"], name="run_by_mission"),
            models.Index(
                fields=["state"], condition=Q(state__in=["QUEUED", "RUNNING"]), name="run_active"
            ),
            models.Index(fields=["finished_at"], name="run_by_end"),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ModelCall(models.Model):
    """One call to a model, as the gateway saw it; unknown is empty, zero means zero.

    All calls together are the ledger: mission, agent and day stand in it so that sums are quick.
    """

    run = models.ForeignKey(AgentRun, on_delete=models.CASCADE, related_name="calls")
    number = models.PositiveIntegerField()
    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="+")
    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="+")
    day = models.DateField(help_text=_("on which it began (UTC)"))
    model = models.CharField(max_length=200, blank=True)
    started_at = models.DateTimeField()
    seconds = models.FloatField()
    status = models.PositiveIntegerField(null=True)
    input_tokens = models.PositiveIntegerField(null=True)
    output_tokens = models.PositiveIntegerField(null=True)
    cached_tokens = models.PositiveIntegerField(null=True)
    cache_write_tokens = models.PositiveIntegerField(
        null=True, help_text=_("they and the cached ones are part of the input")
    )
    cost = money_field(help_text=_("US dollars; empty: not known"))
    input_price = money_field(help_text=_("US dollars for a million tokens, as it was counted"))
    output_price = money_field(help_text=_("US dollars for a million tokens, as it was counted"))
    is_price_assumed = models.BooleanField(
        default=False, help_text=_("the price is not known: the dearest of its provider was taken")
    )
    is_estimated = models.BooleanField(default=False)
    finish_reason = models.CharField(max_length=40, blank=True)
    is_complete = models.BooleanField()
    failure = models.CharField(max_length=30, blank=True)
    detail = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering: ClassVar = ["run", "number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["run", "number"], name="call_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mission", "day"], name="call_by_mission"),
            models.Index(fields=["agent", "day"], name="call_by_agent"),
            models.Index(fields=["day"], name="call_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} call {self.number}"
