"""What is counted of runs, models and the engine."""

from collections.abc import Iterable, Sequence
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from agents.gateway.protocol import CallRecord
from agents.gateway.providers import BY_PREFIX
from agents.models import AgentRun

OFFLINE: Final = "offline"

RUNS = Counter("parallagon_runs_total", "Runs that ended", ["role", "outcome"])
FAILURES = Counter("parallagon_run_failures_total", "Runs that failed, and why", ["failure"])
RUN_SECONDS = Histogram(
    "parallagon_run_seconds",
    "How long runs were at work",
    ["outcome"],
    buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600),
)
WAIT_SECONDS = Histogram(
    "parallagon_run_wait_seconds",
    "How long runs were queued before a worker began",
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800),
)
STEP_SECONDS = Histogram(
    "parallagon_cycle_step_seconds",
    "How long the steps of a cycle took",
    ["step"],
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 5, 30, 120, 600),
)
CALL_SECONDS = Histogram(
    "parallagon_model_call_seconds",
    "How long models took to answer",
    ["provider"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300),
)
CALLS = Counter("parallagon_model_calls_total", "Calls of models", ["provider", "result"])
TOKENS = Counter("parallagon_tokens_total", "Tokens used", ["provider", "direction"])
COST = Counter("parallagon_cost_dollars_total", "What calls cost, in US dollars", ["provider"])
UNPRICED = Counter(
    "parallagon_model_calls_unpriced_total", "Calls of which nobody knows the cost", ["provider"]
)
ENGINE_RUNS = Counter(
    "parallagon_engine_runs_total", "Times the engine was asked to run Aider", ["status"]
)
ENGINE_FORKS = Counter("parallagon_engine_forks_total", "Children that engines forked")
ENGINE_RESTARTS = Counter(
    "parallagon_engine_restarts_total", "Times an engine was started again after its first start"
)
ENGINES = Gauge("parallagon_engines", "Engines that answer", multiprocess_mode="livesum")


def count_run(run: AgentRun, role: str, calls: Iterable[CallRecord]) -> None:
    """Count a run that has ended, with what it used."""
    RUNS.labels(role, run.outcome.lower()).inc()
    if run.failure:
        FAILURES.labels(run.failure.lower()).inc()
    if run.started_at and run.finished_at:
        seconds = (run.finished_at - run.started_at).total_seconds()
        RUN_SECONDS.labels(run.outcome.lower()).observe(seconds)
        WAIT_SECONDS.observe(max(0.0, (run.started_at - run.queued_at).total_seconds()))
    count_calls(provider_of(run.model), list(calls))


def count_calls(provider: str, calls: Sequence[CallRecord]) -> None:
    """Count calls of one provider's models."""
    for call in calls:
        CALL_SECONDS.labels(provider).observe(call.seconds)
        CALLS.labels(provider, (call.failure or "ok").lower()).inc()
        for direction, tokens in (
            ("input", call.input_tokens),
            ("output", call.output_tokens),
            ("cached", call.cached_tokens),
        ):
            TOKENS.labels(provider, direction).inc(tokens or 0)
        if call.dollars is None:
            UNPRICED.labels(provider).inc()
        else:
            COST.labels(provider).inc(float(call.dollars))


def provider_of(model: str) -> str:
    """Return whose model it is, as one of a few words."""
    prefix = model.partition("/")[0]
    return prefix if prefix in BY_PREFIX or prefix == OFFLINE else "other"
