"""What alerts can watch of agents, their runs and what they spend."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.utils.translation import gettext_lazy as _

from agents.budget import shares
from agents.circuits import left_alone
from agents.health import is_stuck
from agents.models import Agent, AgentRun, Failure
from agents.stability import FAILURES
from missions.models import Mission
from notifications.alerts.measures import (
    INSTALLATION,
    Answer,
    Measure,
    Question,
    Reading,
    register,
)
from notifications.messages import Lazy
from notifications.models import AlertRule

LEAST_RUNS: Final = 4
"""A share of fewer runs says nothing."""
KINDS: Final[Mapping[str, Lazy]] = {
    "cost": _("US dollars"),
    "output_tokens": _("tokens"),
    "calls": _("calls"),
}
Window = AlertRule.Window
_ACTIVE: Final = Q(mission__state=Mission.State.ACTIVE)


def register_measures() -> None:
    """Let alerts watch agents."""
    register(
        Measure(
            key="agents.failure_rate",
            label=_("runs that fail"),
            help=_("The share of runs that failed, of those that ended; fewer than four count 0."),
            cause=_("%(failed)s of %(runs)s runs failed, most of them: %(failure)s."),
            labels={"failure": _failure},
            unit="percent",
            read=failure_rate,
            is_counted=True,
            threshold=50,
            window=Window.QUARTER,
        ),
        Measure(
            key="agents.errors",
            label=_("errors a minute"),
            help=_("How many runs fail in a minute, on average over the time chosen."),
            cause=_("%(failed)s runs failed, most of them: %(failure)s."),
            labels={"failure": _failure},
            unit="a_minute",
            read=errors_a_minute,
            is_counted=True,
            threshold=5,
        ),
        Measure(
            key="agents.stuck",
            label=_("agents that do not get on"),
            help=_("Agents that only a person gets on again: in a circle, or a run without end."),
            cause=_("Agents that need a person: %(value)s, among them %(role)s in “%(title)s”."),
            unit="count",
            read=stuck_agents,
            threshold=1,
        ),
        Measure(
            key="agents.breakers",
            label=_("models left alone"),
            help=_("Models whose provider is ill, so that nobody asks them for now."),
            cause=_("Left alone for now: %(models)s (%(failure)s)."),
            labels={"failure": _failure},
            unit="count",
            scopes=INSTALLATION,
            read=open_breakers,
            threshold=1,
        ),
        Measure(
            key="agents.budget",
            label=_("budget used"),
            help=_("How full the fullest budget is: of a day, of a mission, of the installation."),
            cause=_("%(used)s of %(cap)s %(kind)s are used %(title)s (%(value)s)."),
            labels={"kind": _kind},
            unit="percent",
            read=budget_used,
            threshold=80,
            window=Window.AT_ONCE,
        ),
        Measure(
            key="agents.backlog",
            label=_("age of the oldest waiting run"),
            help=_("How long the oldest run waits for a worker, or an agent for its turn."),
            cause=_("%(count)s wait, the oldest for %(value)s."),
            unit="seconds",
            read=backlog,
            threshold=120,
            window=Window.MINUTE,
        ),
    )


# -- readings ------------------------------------------------------------------------------------


def failure_rate(question: Question) -> Answer:
    """Return which share of runs failed; one query."""

    def share(failed: int, runs: int) -> float:
        return 100 * failed / runs if runs >= LEAST_RUNS else 0.0

    return _of_ended_runs(question, share)


def errors_a_minute(question: Question) -> Answer:
    """Return how many runs failed in a minute; one query."""
    minutes = max(question.window.total_seconds() / 60, 1)
    return _of_ended_runs(question, lambda failed, _runs: failed / minutes)


def stuck_agents(question: Question) -> Answer:
    """Return how many agents need a person; one query."""
    condition = is_stuck(now=question.now, run_seconds=settings.PARALLAGON_RUN_SECONDS)
    rows = list(
        Agent.objects.filter(condition, _ACTIVE)
        .exclude(state=Agent.State.STOPPED)
        .order_by()
        .values("mission_id", title=F("mission__title"))
        .annotate(n=Count("pk"), first=Min("role"))
    )
    found: dict[int | None, Reading] = {
        row["mission_id"]: Reading(
            value=row["n"],
            params={"role": row["first"], "title": row["title"]},
            link=_editor(row["mission_id"]),
        )
        for row in rows
    }
    if found:
        most = max(found.values(), key=lambda reading: reading.value or 0)
        found[None] = Reading(
            value=sum(row["n"] for row in rows), params=most.params, link=most.link
        )
    return found


def open_breakers(_question: Question) -> Answer:
    """Return how many models are left alone; no query."""
    models = left_alone()
    if not models:
        return {}
    names = ", ".join(row["model"] for row in models[:5])
    params = {"models": names, "failure": models[0]["failure"]}
    return {None: Reading(value=len(models), params=params)}


def budget_used(question: Question) -> Answer:
    """Return how full the fullest budgets are, in percent; four queries."""
    return {
        key: Reading(
            value=100 * one.share,
            params={
                "used": one.used,
                "cap": one.cap,
                "kind": one.kind,
                "title": f"– {one.title}" if one.title else "",
            },
            link=_editor(one.mission_id) if one.mission_id else "",
        )
        for key, one in shares(now=question.now).items()
    }


def backlog(question: Question) -> Answer:
    """Return for how long the oldest has waited, in seconds; two queries."""
    now = question.now
    sent = Q(not_before=None) | Q(not_before__lte=now)
    runs = AgentRun.objects.filter(sent, _ACTIVE, state=AgentRun.State.QUEUED)
    agents = Agent.objects.filter(_ACTIVE, state=Agent.State.IDLE, next_run_at__lte=now)
    counts: Counter[int | None] = Counter()
    oldest: dict[int | None, datetime] = {}
    for rows, at in ((runs, "queued_at"), (agents, "next_run_at")):
        grouped = rows.order_by().values("mission_id").annotate(n=Count("pk"), since=Min(at))
        for row in grouped:
            for key in (row["mission_id"], None):
                counts[key] += row["n"]
                oldest[key] = min(row["since"], oldest.get(key, now))
    return {
        key: Reading(
            value=max(0.0, (now - since) // timedelta(seconds=1)),
            params={"count": counts[key]},
            link="" if key is None else _editor(key),
        )
        for key, since in oldest.items()
    }


def _of_ended_runs(question: Question, value: Callable[[int, int], float]) -> Answer:
    rows = (
        AgentRun.objects.filter(_ACTIVE, finished_at__gt=question.now - question.window)
        .exclude(outcome=AgentRun.Outcome.SKIPPED)
        .order_by()
        .values("mission_id", "outcome", "failure")
        .annotate(n=Count("pk"))
    )
    by_place: defaultdict[int | None, list[Mapping[str, Any]]] = defaultdict(list)
    for row in rows:
        by_place[row["mission_id"]].append(row)
        by_place[None].append(row)
    return {
        key: _ended(rows, value, link="" if key is None else _editor(key))
        for key, rows in by_place.items()
    }


def _ended(
    rows: Iterable[Mapping[str, Any]], value: Callable[[int, int], float], *, link: str
) -> Reading:
    failures: Counter[str] = Counter()
    runs = 0
    for row in rows:
        runs += row["n"]
        if row["outcome"] in FAILURES:
            failures[row["failure"]] += row["n"]
    failed = failures.total()
    why = failures.most_common(1)[0][0] if failures else ""
    params = {"failed": failed, "runs": runs, "failure": why}
    return Reading(value=value(failed, runs), params=params, link=link)


# -- words ---------------------------------------------------------------------------------------


def _failure(code: str) -> Lazy:
    return Failure(code).label if code in Failure.values else code or Failure.UNEXPECTED.label


def _kind(code: str) -> Lazy:
    return KINDS.get(code, code)


def _editor(mission_id: int | None) -> str:
    return f"/editor?mission={mission_id}"
