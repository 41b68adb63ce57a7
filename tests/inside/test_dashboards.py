"""The dashboard and the alerts name measures that exist, and each measure keeps the conventions."""

import importlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django_prometheus.middleware import Metrics
from prometheus_client import REGISTRY

from agents.models import AgentRun
from parallagon.inside import room, standing

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
MODULES = (
    "agents.measures", "missions.integrity", "missions.measures", "missions.watcher.measures",
    "notifications.measures", "parallagon.core.breaker", "parallagon.core.cache",
    "parallagon.core.measures",
)  # fmt: skip
# What Redis would have to tell, which no test of this module has.
OF_REDIS = {
    "parallagon_queue_messages", "parallagon_queue_unacknowledged", "parallagon_processes",
}  # fmt: skip
WORDS = re.compile(r"\b(?:parallagon|django)_[a-z0-9_]+")
PROMISED = (
    "http", "database", "cache", "queue", "runs", "tokens", "cost", "lock_wait", "landing",
    "broadcast", "watch", "engine_forks", "circuit", "events", "cycle_step", "model_call", "agents",
)  # fmt: skip


def measures() -> dict[str, str]:
    """Return the kind of each measure by its name as Prometheus knows it."""
    for name in MODULES:
        importlib.import_module(name)
    Metrics.get_instance()
    standing.forget()
    families = [*REGISTRY.collect(), *standing.Standing().collect()]
    found = dict.fromkeys(OF_REDIS, "gauge")
    for family in families:
        for ending in {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count")}.get(
            family.type, ("",)
        ):
            found[f"{family.name}{ending}"] = family.type
    return found


def dashboard() -> Iterator[str]:
    board = json.loads((ROOT / "deploy/grafana/parallagon.json").read_text())
    for panel in board["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def alerts() -> Iterator[str]:
    for group in yaml.safe_load((ROOT / "deploy/prometheus/rules.yml").read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"]
            yield rule["expr"]


@pytest.mark.parametrize("questions", [dashboard, alerts])
def test_name_only_measures_that_exist(questions: object) -> None:
    asked = [*questions()]  # type: ignore[operator]
    named = {word for question in asked for word in WORDS.findall(question)}

    assert len(asked) > 10
    assert named - measures().keys() == set()
    assert all(question.count("(") == question.count(")") for question in asked)


def test_everything_that_is_promised_is_measured() -> None:
    ours = " ".join(measures())

    assert [word for word in PROMISED if f"_{word}" not in ours] == []


def test_rates_are_of_counters_alone() -> None:
    known = measures()

    for question in (*dashboard(), *alerts()):
        for name in re.findall(r"(?:rate|increase)\((\w+)", question):
            assert known[name] in {"counter", "histogram"}, name


def test_names_keep_the_conventions() -> None:
    ours = {name: kind for name, kind in measures().items() if name.startswith("parallagon_")}

    for name, kind in ours.items():
        assert "milliseconds" not in name
        assert name.endswith("_total") is (kind == "counter")
        if kind == "histogram":
            assert "_seconds_" in name


def test_labels_are_few_and_never_of_one_mission() -> None:
    labels = {
        label
        for family in REGISTRY.collect()
        if family.name.startswith("parallagon_")
        for sample in family.samples
        for label in sample.labels
    }

    assert labels & {"mission", "mission_id", "path", "run", "agent", "user"} == set()
    assert {"cycles", "default", "beat"} <= set(room.EXPECTED)
    assert {"failed", "timed_out", "skipped"} <= set(AgentRun.Outcome.values), "as alerts name them"
