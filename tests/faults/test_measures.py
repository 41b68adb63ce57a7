"""A whole installation that is measured: each family is there after a run, and outlives a kill."""

import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.installation import Installation
from tests.waiting import wait_until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]

COUNTED = (
    "django_http_requests_total_by_method_total",
    "parallagon_cache_reads_total",
    "parallagon_cycle_step_seconds_count",
    "parallagon_database_query_seconds_count",
    "parallagon_engine_forks_total",
    "parallagon_engine_runs_total",
    "parallagon_events_total",
    "parallagon_landing_seconds_count",
    "parallagon_landings_total",
    "parallagon_lock_wait_seconds_count",
    "parallagon_model_call_seconds_count",
    "parallagon_model_calls_total",
    "parallagon_run_seconds_count",
    "parallagon_run_wait_seconds_count",
    "parallagon_runs_total",
    "parallagon_task_seconds_count",
    "parallagon_tokens_total",
    "parallagon_agents",
    "parallagon_disk_free_bytes",
    "parallagon_engines",
    "parallagon_missions",
    "parallagon_processes",
    "parallagon_watch_folders",
)
"""Of each, something must have been counted once agents have worked."""
THERE = (
    "parallagon_circuits",
    "parallagon_cost_dollars_total",
    "parallagon_database_errors_total",
    "parallagon_broadcast_seconds_count",
    "parallagon_frames_lost_total",
    "parallagon_queue_messages",
    "parallagon_queue_unacknowledged",
    "parallagon_runs_active",
    "parallagon_sockets",
)
"""These are there, though it may be with nothing to count."""
LONGEST_SCRAPE = 2.0  # seconds; some tens of milliseconds on a machine with nothing else to do


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    one = Installation(tmp_path_factory.mktemp("m"))
    try:
        one.wait_until_ready(within=90)
        yield one
    finally:
        one.close()


def get(address: str) -> str:
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - it is our own
        return str(answer.read().decode())


def scrape(installation: Installation) -> dict[str, float]:
    """Return the sum of each measure; the whole answer must be well-formed."""
    text = get(f"{installation.address}/metrics")
    found: dict[str, float] = {}
    names = set()
    for family in text_string_to_metric_families(text):
        assert family.name not in names, "a family stands twice"
        names.add(family.name)
        found.setdefault(family.name, 0)
        for sample in family.samples:
            found[sample.name] = found.get(sample.name, 0) + sample.value
    return found


class TestMeasures:
    """One installation, told as a story."""

    def test_are_all_there_after_agents_have_worked(self, installation: Installation) -> None:
        folder = next((installation.data_directory / "missions").iterdir())
        with (folder / "demande.md").open("a") as request:
            request.write("\nIt must also count lines.\n")

        end = time.monotonic() + 120
        while (missing := self.missing(installation)) and time.monotonic() < end:
            time.sleep(0.5)

        assert missing == []
        found = scrape(installation)
        assert [name for name in THERE if name not in found] == []

    def missing(self, installation: Installation) -> list[str]:
        found = scrape(installation)
        return [name for name in COUNTED if not found.get(name)]

    def test_take_little_time(self, installation: Installation) -> None:
        took = []
        for _ in range(3):
            began = time.monotonic()
            scrape(installation)
            took.append(time.monotonic() - began)

        assert min(took) < LONGEST_SCRAPE

    def test_outlive_a_killed_worker_whose_files_are_folded(
        self, installation: Installation
    ) -> None:
        folder = self.folder(installation)
        before = scrape(installation)
        victim = installation.find("--queues cycles")

        victim.kill()

        wait_until(lambda: victim.pid not in self.numbers(installation), seconds=60)
        after = scrape(installation)
        for name in ("parallagon_runs_total", "parallagon_cycle_step_seconds_count"):
            assert after[name] >= before[name] > 0
        assert list(folder.glob("*_ended.db"))
        assert all(psutil.pid_exists(number) for number in self.numbers(installation))

    def folder(self, installation: Installation) -> Path:
        [folder] = [
            one for one in (installation.data_directory / "measures").iterdir() if one.is_dir()
        ]
        return folder

    def numbers(self, installation: Installation) -> set[int]:
        """Return whose counts have files of their own, once they were asked for."""
        scrape(installation)
        names = (one.stem.rpartition("_")[2] for one in self.folder(installation).glob("*.db"))
        return {int(name) for name in names if name.isdecimal()}

    def test_know_when_everything_is_ready_again(self, installation: Installation) -> None:
        def is_ready() -> bool:
            try:
                return '"ok"' in get(f"{installation.address}/health/ready")
            except OSError:
                return False

        wait_until(lambda: scrape(installation).get("parallagon_engines") == 1, seconds=90)
        wait_until(is_ready, seconds=60)
