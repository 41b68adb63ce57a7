"""Counts of many processes, of which some have ended."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import LazySettings
from prometheus_client.parser import text_string_to_metric_families

from parallagon.inside import counted

COUNTING = """
from prometheus_client import Counter, Gauge, Histogram
Counter("events_total", "Events", ["kind"]).labels("a").inc(2)
Histogram("wait_seconds", "Waits", buckets=(1, 5)).observe(3)
Gauge("living", "Living", multiprocess_mode="livesum").set(1)
Gauge("state", "State", multiprocess_mode="mostrecent").set({state})
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path))
    return tmp_path


def count(*, state: int = 0) -> None:
    """Let a process count, and end."""
    subprocess.run([sys.executable, "-c", COUNTING.format(state=state)], check=True, timeout=60)


def values() -> dict[str, float]:
    families = text_string_to_metric_families(counted.counted().decode())
    return {
        f"{sample.name}{''.join(sample.labels.values())}": sample.value
        for family in families
        for sample in family.samples
    }


class TestCounted:
    def test_adds_up_and_keeps_the_files_of_the_dead_few(self, folder: Path) -> None:
        count(state=1)
        count(state=2)
        first = values()
        count(state=3)

        second = values()

        assert (first["events_totala"], second["events_totala"]) == (4, 6)
        assert second["wait_seconds_bucket5.0"] == second["wait_seconds_count"] == 3
        assert second["wait_seconds_bucket1.0"] == 0
        assert second["wait_seconds_sum"] == 9
        assert (first["state"], second["state"]) == (2, 3)
        assert "living" not in second
        kept = sorted(file.name for file in folder.iterdir())
        assert kept == [
            "counter_ended.db",
            "gauge_mostrecent_ended.db",
            "histogram_ended.db",
            "lock",
        ]

    def test_leaves_the_living_alone(self, folder: Path) -> None:
        name = folder / f"counter_{os.getpid()}.db"
        name.write_bytes(bytes(8))

        values()

        assert name.exists()

    @pytest.mark.parametrize("step", range(18))
    def test_counts_right_after_a_kill_at_any_step(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, step: int
    ) -> None:
        """Every rename is a step; the process is gone before it."""
        count()
        values()
        count()
        count()
        done: list[str] = []
        rename, unlink = Path.rename, Path.unlink

        def counting(real: object, name: str) -> object:
            def act(self: Path, *arguments: object, **keywords: object) -> object:
                if len(done) == step:
                    raise KeyboardInterrupt
                if name == "rename" or self.exists():
                    done.append(name)
                return real(self, *arguments, **keywords)  # type: ignore[operator]

            return act

        with monkeypatch.context() as patch:
            patch.setattr(Path, "rename", counting(rename, "rename"))
            patch.setattr(Path, "unlink", counting(unlink, "unlink"))
            with pytest.raises(KeyboardInterrupt):
                values()

        assert values()["events_totala"] == 6
        assert values()["wait_seconds_count"] == 3

    def test_adds_up_hosts_and_forgets_those_that_are_gone(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: LazySettings
    ) -> None:
        settings.DATA_DIR = tmp_path
        for host in ("here", "there", "gone"):
            (tmp_path / "measures" / host).mkdir(parents=True)
            monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "measures" / host))
            count()
        monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", str(tmp_path / "measures" / "here"))
        for sign in self._signs(tmp_path / "measures" / "gone"):
            sign.touch()
        [living] = self._signs(tmp_path / "measures" / "there")

        with living.open("a") as life:
            fcntl.flock(life, fcntl.LOCK_SH)
            first = values()

            assert (first["events_totala"], first["living"]) == (6, 1)
            assert not (tmp_path / "measures" / "gone").exists()
            assert (tmp_path / "measures" / "there").exists()

        second = values()
        assert second["events_totala"] == 6
        assert "living" not in second
        assert sorted(one.name for one in (tmp_path / "measures").iterdir()) == ["here", "lock"]

    @staticmethod
    def _signs(folder: Path) -> list[Path]:
        """Return where processes that count in a folder show that they live."""
        numbers = {file.stem.rpartition("_")[2] for file in folder.glob("counter_*.db")}
        return [folder / f"{number}.alive" for number in numbers]

    def test_a_process_of_ours_shows_its_life(self, folder: Path) -> None:
        program = (
            "import django, os; django.setup(); from parallagon.inside import counted;"
            "from pathlib import Path; sign = Path(os.environ['PROMETHEUS_MULTIPROC_DIR'],"
            " f'{os.getpid()}.alive'); assert sign.exists() and not counted._is_free(sign)"
        )

        subprocess.run([sys.executable, "-c", program], check=True, timeout=60)

        [sign] = folder.glob("*.alive")
        assert counted._is_free(sign)

    def test_goes_on_without_a_folder_of_its_own(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)

        assert b"parallagon_lock_wait_seconds" in counted.counted()
