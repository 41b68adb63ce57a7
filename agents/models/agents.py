"""Agents: one role at work in one mission."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agents.models.money import money_field
from missions.models import Mission
from parallagon.core import telemetry
from parallagon.core.errors import Conflict


class Agent(models.Model):
    """One role at work in one mission.

    States::

        STOPPED ─ start ─▶ IDLE ─ due ─▶ QUEUED ─ a worker has it ─▶ RUNNING
           ▲                ▲  ▲            │                           │
           │                │  └── put back ┴───────────────────────────┤ finished
           │                └── time, or a file changed ─ BACKING_OFF ◀──┤ failed
           │                └── a file changed, or asked ─── SETTLED ◀──┤ nobody has anything to do
           │                └── a new day, or raised ── PAUSED_BUDGET ◀─┤ over the ceiling
           │                └── half-open, a person ── PAUSED_BREAKER ◀─┘ provider down, or a circle
           └── stop (from any state; a running cycle finishes first)
    """

    class State(models.TextChoices):
        STOPPED = "STOPPED", _("stopped")
        IDLE = "IDLE", _("idle")
        QUEUED = "QUEUED", _("queued")
        RUNNING = "RUNNING", _("running")
        BACKING_OFF = "BACKING_OFF", _("backing off")
        PAUSED_BUDGET = "PAUSED_BUDGET", _("paused: budget")
        PAUSED_BREAKER = "PAUSED_BREAKER", _("paused: circuit breaker")
        SETTLED = "SETTLED", _("settled")

    class Loop(models.TextChoices):
        """Why a breaker paused it until a person acts: it went round in a circle, or in vain."""

        RETURNED = "returned", _("texts come back")
        NO_CHANGE = "no_change", _("many changes, none left")
        REWRITTEN = "rewritten", _("the same passage in turn")
        REFUSED = "refused", _("refused again and again")
        COST = "cost", _("far dearer than usual")
        FAILING = "failing", _("failed alike again and again")

    class Mode(models.TextChoices):
        AUTONOMOUS = "autonomous", _("autonomous")
        REVIEW = "review", _("review: a person decides")

    WAITING: ClassVar = [State.IDLE, State.BACKING_OFF, State.PAUSED_BUDGET, State.PAUSED_BREAKER]
    HOLDING: ClassVar = [State.BACKING_OFF, State.PAUSED_BREAKER]
    """States in which one that has no next look waits for what may never come."""
    RESTING: ClassVar = [*WAITING, State.SETTLED]
    TRANSITIONS: ClassVar[dict[str, set[str]]] = {
        State.STOPPED: {State.IDLE, State.QUEUED},
        State.IDLE: {State.QUEUED, State.STOPPED, State.SETTLED, State.PAUSED_BREAKER},
        State.QUEUED: {State.RUNNING, State.IDLE, State.STOPPED, State.BACKING_OFF},
        State.RUNNING: {
            State.IDLE,
            State.QUEUED,
            State.STOPPED,
            State.BACKING_OFF,
            State.PAUSED_BUDGET,
            State.PAUSED_BREAKER,
        },
        State.BACKING_OFF: {
            State.IDLE,
            State.QUEUED,
            State.STOPPED,
            State.SETTLED,
            State.PAUSED_BREAKER,
        },
        State.PAUSED_BUDGET: {State.IDLE, State.QUEUED, State.STOPPED},
        State.PAUSED_BREAKER: {State.IDLE, State.QUEUED, State.STOPPED},
        State.SETTLED: {State.IDLE, State.QUEUED, State.STOPPED},
    }

    mission = models.ForeignKey(Mission, on_delete=models.CASCADE, related_name="agents")
    role = models.CharField(max_length=40)
    state = models.CharField(max_length=16, choices=State, default=State.STOPPED)
    reason = models.CharField(max_length=300, blank=True, help_text=_("why it is in this state"))
    model = models.CharField(max_length=200, blank=True, help_text=_("empty: the mission's"))
    prompt = models.TextField(blank=True, help_text=_("empty: the one that the role ships"))
    writes = models.JSONField(default=list, help_text=_("patterns; empty: those of the role"))
    watches = models.JSONField(default=list, help_text=_("patterns; empty: those of the role"))
    reads = models.JSONField(default=list, help_text=_("patterns; empty: those of the role"))
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.AUTONOMOUS)
    shortest = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("seconds between two looks; empty: as the role says")
    )
    longest = models.PositiveIntegerField(
        null=True, blank=True, help_text=_("the same when nothing has changed for long")
    )
    interval = models.PositiveIntegerField(help_text=_("seconds until the next look, for now"))
    next_run_at = models.DateTimeField(null=True, help_text=_("never, when empty"))
    next_trigger = models.CharField(
        max_length=10, default="schedule", help_text=_("what brought the next look about")
    )
    origin = models.CharField(
        max_length=telemetry.ORIGIN_LENGTH,
        blank=True,
        default="",
        db_default="",  # a process of the last version may still insert rows
        help_text=_("the trace of what brought the next look about"),
    )
    fingerprint = models.CharField(
        max_length=64, blank=True, help_text=_("of what its last finished run looked at")
    )
    failure_count = models.PositiveIntegerField(default=0, help_text=_("in a row"))
    seen_seq = models.BigIntegerField(
        default=0, help_text=_("the mission's last event that its last finished run was told of")
    )
    loop = models.CharField(
        max_length=12,
        choices=Loop,
        blank=True,
        help_text=_("the circle for which it is paused until a person acts"),
    )
    undisturbed_since = models.DateTimeField(
        null=True, help_text=_("a person's last change: what came before is no part of a circle")
    )
    is_stopping = models.BooleanField(default=False, help_text=_("stops when its run has ended"))
    is_dirty = models.BooleanField(default=False, help_text=_("something changed during its run"))
    day_dollars = money_field(help_text=_("it may cost a day; empty: as the installation says"))
    day_tokens = models.PositiveBigIntegerField(null=True, blank=True)
    day_calls = models.PositiveBigIntegerField(null=True, blank=True)
    state_changed_at = models.DateTimeField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["mission_id", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["mission", "role"], name="agent_once_a_role"),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_run_at"],
                # SQLite uses it only where the query itself shows that it may, without values.
                condition=Q(next_run_at__isnull=False),
                name="agent_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.mission_id}"

    @property
    def is_held(self) -> bool:
        """Tell whether it will not look again by itself: only news, or a person, can help it."""
        return self.next_run_at is None and self.state in self.HOLDING

    def move_to(self, state: str, *, reason: str, now: datetime, **fields: object) -> None:
        """Change the state and ``fields`` by one conditional update, and remember the transition.

        Whoever leaves the state in which a circle put it has a fresh start.

        Raises:
            Conflict: the table has no such transition, or someone else moved it first.
        """
        if state not in self.TRANSITIONS[self.state]:
            raise Conflict(f"An agent cannot go from {self.state} to {state}.", state=self.state)
        changes = {"state": state, "reason": reason, "state_changed_at": now, "loop": "", **fields}
        if self.loop:
            changes["undisturbed_since"] = now
        if not Agent.objects.filter(pk=self.pk, state=self.state).update(**changes):
            raise Conflict("Someone else has just moved this agent.", agent=self.pk)
        AgentTransition.objects.create(
            agent=self, before=self.state, after=state, reason=reason, at=now
        )
        for name, value in changes.items():
            setattr(self, name, value)


class AgentTransition(models.Model):
    """One step in the life of an agent; append-only."""

    agent = models.ForeignKey(Agent, on_delete=models.CASCADE, related_name="transitions")
    before = models.CharField(max_length=16, choices=Agent.State)
    after = models.CharField(max_length=16, choices=Agent.State)
    reason = models.CharField(max_length=300, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["agent", "at"], name="transition_by_agent")]

    def __str__(self) -> str:
        return f"{self.before} → {self.after}"
