"""``manage.py doctor``: sentences for people, JSON for programs, a code for scripts."""

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from parallagon import doctor
from parallagon.doctor.finding import Finding, fine, problem, warning

ROOT = Path(__file__).resolve().parents[2]
GOOD = fine("a.good", "It is well.")
ODD = warning("a.odd", "It is odd.", "Look at it.")
BAD = problem("a.bad", "It is broken: password=hunter2hunter2", "Mend it.")


def run(monkeypatch: pytest.MonkeyPatch, *found: Finding, **options: bool) -> tuple[int, str]:
    """Return the exit code and what was printed where only ``found`` is found."""
    monkeypatch.setattr(doctor, "EXAMINATIONS", {"all": lambda: iter(found)})
    output = io.StringIO()
    try:
        call_command("doctor", stdout=output, **options)
    except SystemExit as ended:
        return int(str(ended.code)), output.getvalue()
    return 0, output.getvalue()


class TestDoctor:
    @pytest.mark.parametrize(
        ("found", "code"), [((GOOD,), 0), ((GOOD, ODD), 1), ((ODD, BAD, GOOD), 2), ((), 0)]
    )
    def test_exits_with_the_worst(
        self, monkeypatch: pytest.MonkeyPatch, found: tuple[Finding, ...], code: int
    ) -> None:
        assert run(monkeypatch, *found)[0] == code
        assert run(monkeypatch, *found, json=True)[0] == code

    def test_says_what_is_wrong_and_what_to_do(self, monkeypatch: pytest.MonkeyPatch) -> None:
        _code, said = run(monkeypatch, GOOD, ODD)

        assert said == "✓ It is well.\n! It is odd.\n  → Look at it.\n0 problems, 1 warnings.\n"

    def test_tells_programs_the_same(self, monkeypatch: pytest.MonkeyPatch) -> None:
        told = json.loads(run(monkeypatch, GOOD, ODD, json=True)[1])

        assert told["status"] == "warning"
        assert [one["code"] for one in told["findings"]] == ["a.good", "a.odd"]

    def test_tells_no_secret(self, monkeypatch: pytest.MonkeyPatch) -> None:
        assert "hunter2" not in run(monkeypatch, BAD)[1]

    def test_goes_on_after_an_examination_that_breaks(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def breaks() -> Iterator[Finding]:
            yield GOOD
            raise RuntimeError("boom")

        parts = {"first": breaks, "second": lambda: iter([ODD])}
        monkeypatch.setattr(doctor, "EXAMINATIONS", parts)

        found = list(doctor.examine())

        assert [one.code for one in found] == ["a.good", "first.unknown", "a.odd"]


class TestBrokenInstallation:
    """The command itself, where nothing is as it should be."""

    def examine(self, folder: Path, **environment: str) -> tuple[int, dict[str, str]]:
        done = subprocess.run(
            [sys.executable, "manage.py", "doctor", "--json"],
            cwd=ROOT,
            env={
                "PATH": os.environ["PATH"],
                "PARALLAGON_DATA_DIR": str(folder),
                "DJANGO_SETTINGS_MODULE": "parallagon.settings.base",
                **environment,
            },
            capture_output=True,
            text=True,
            timeout=100,
        )
        told = json.loads(done.stdout) if done.stdout else {"findings": []}
        return done.returncode, {one["code"]: one["level"] for one in told["findings"]}

    def test_in_which_no_server_runs(self, tmp_path: Path) -> None:
        code, found = self.examine(
            tmp_path,
            DATABASE_URL="postgres://nobody:hunter2hunter2@127.0.0.1:1/none",
            REDIS_URL="redis://127.0.0.1:1/0",
            PARALLAGON_MODEL="openai/gpt-4o",
        )

        assert code == 2
        assert found["database.answers"] == found["redis.answers"] == "problem"
        assert found["models.default"] == "problem"
        assert found["code.packages"] == found["engine.forks"] == "fine"

    def test_whose_data_directory_is_a_file(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        assert self.examine(tmp_path / "file")[0] == 2
