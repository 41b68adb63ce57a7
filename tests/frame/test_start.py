"""A bad start is refused with a sentence that says what to do."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.checks import run_checks

from parallagon.supervisor import ports, valkey
from parallagon.supervisor.errors import CannotStart
from parallagon.supervisor.plan import process_plan
from parallagon.supervisor.single import only_one

ROOT = Path(__file__).resolve().parent.parent.parent


def manage(*arguments: str, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run manage.py as a person does, with nothing of this process's settings."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


class TestPort:
    def test_that_is_taken_is_named_with_the_way_out(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

            with pytest.raises(CannotStart, match=f"Port {port} is in use.*PORT={port + 1}"):
                ports.require_free("127.0.0.1", port)

    def test_that_is_free_is_left_free(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]

        ports.require_free("127.0.0.1", port)
        ports.require_free("127.0.0.1", port)

    def test_of_another_machine_is_refused(self) -> None:
        with pytest.raises(CannotStart, match="no address of this machine"):
            ports.require_free("192.0.2.1", 8000)


class TestDataDirectory:
    def test_serves_one_supervisor(self, tmp_path: Path) -> None:
        with (
            only_one(tmp_path),
            pytest.raises(CannotStart, match=f"already runs on {tmp_path} .process {os.getpid()}"),
            only_one(tmp_path),
        ):
            pass

    def test_is_free_after_the_first_has_ended(self, tmp_path: Path) -> None:
        with only_one(tmp_path):
            pass

        with only_one(tmp_path):
            pass

    def test_with_too_long_a_path_is_refused(self, tmp_path: Path) -> None:
        folder = tmp_path / ("x" * 100)

        with pytest.raises(CannotStart, match=r"too long.*PARALLAGON_DATA_DIR.*REDIS_URL"):
            valkey.valkey_process(socket=folder / "valkey.sock", folder=folder)

    def test_that_cannot_be_made_is_a_sentence(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()

        refused = manage(
            "check", environment={"PARALLAGON_DATA_DIR": str(tmp_path / "file" / "var")}
        )

        assert refused.returncode == 1
        assert "PARALLAGON_DATA_DIR" in refused.stderr
        assert "Traceback" not in refused.stderr


class TestSettings:
    @pytest.mark.parametrize(
        ("environment", "sentence"),
        [
            ({"PORT": "eight"}, "PORT is “eight”; set it to a whole number."),
            ({"PORT": "70000"}, "PORT is 70000; it must be 1 to 65535."),
            ({"DEBUG": "perhaps"}, "DEBUG is “perhaps”; set it to true or false."),
            ({"LOG_LEVEL": "LOUD"}, "set it to DEBUG or INFO or WARNING or ERROR"),
            ({"HOST": "0.0.0.0"}, "SECRET_KEY is not set and HOST is 0.0.0.0"),  # noqa: S104
            ({"SECRET_KEY_FILE": "/no/such/file"}, "SECRET_KEY_FILE names /no/such/file"),
        ],
    )
    def test_that_cannot_be_read_are_a_sentence(
        self, tmp_path: Path, environment: dict[str, str], sentence: str
    ) -> None:
        refused = manage("check", environment={"PARALLAGON_DATA_DIR": str(tmp_path), **environment})

        assert refused.returncode == 1
        assert sentence in refused.stderr
        assert "Traceback" not in refused.stderr


class TestChecks:
    def test_pass_here(self) -> None:
        assert [found.id for found in run_checks() if found.is_serious()] == []

    def test_refuse_production_without_a_sandbox(self, settings: LazySettings) -> None:
        settings.PARALLAGON_SANDBOX = "none"

        found = {one.id for one in run_checks(include_deployment_checks=True)}

        assert "parallagon.E003" in found


class TestPlan:
    def test_lets_people_watch_the_offline_writer(self, settings: LazySettings) -> None:
        settings.ENVIRONMENT = {}

        paces = {
            spec.name: spec.environment.get("PARALLAGON_OFFLINE_PACE") for spec in process_plan()
        }

        assert paces.pop("cycles") == "60"
        assert set(paces.values()) == {None}

    def test_leaves_a_pace_that_was_chosen(self, settings: LazySettings) -> None:
        settings.ENVIRONMENT = {"PARALLAGON_OFFLINE_PACE": "0"}

        cycles = process_plan()[1]

        assert "PARALLAGON_OFFLINE_PACE" not in cycles.environment

    def test_keeps_no_access_log(self) -> None:
        web = process_plan()[0].command

        assert "--access-log" not in web
        assert web[web.index("--verbosity") + 1] == "0"
