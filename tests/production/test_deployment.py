"""What deploy/ says fits the code: settings, commands, files. No container is started."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from parallagon.supervisor.plan import process_plan

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
OURS = {spec.name for spec in process_plan()}
OTHERS = {"proxy", "postgresql", "redis", "migrate"}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((DEPLOY / "compose.yaml").read_text()))


@pytest.fixture(scope="module")
def dockerfile() -> str:
    return (DEPLOY / "Dockerfile").read_text()


def known_settings() -> set[str]:
    """Return the names of the environment that the code reads."""
    sources = [*(ROOT / "parallagon/settings").glob("*.py"), ROOT / "parallagon/checks.py"]
    found = {name for file in sources for name in re.findall(r'"([A-Z][A-Z_]+)"', file.read_text())}
    return found | {f"{name}_FILE" for name in found}


class TestCompose:
    def test_runs_every_process_and_no_other(self, compose: dict[str, Any]) -> None:
        services = compose["services"]

        assert set(services) == OURS | OTHERS
        for name in OURS:
            assert services[name]["command"] == ["python", "manage.py", "serve", name]

    def test_sets_only_what_the_code_reads(self, compose: dict[str, Any]) -> None:
        for name in OURS | {"migrate"}:
            unknown = set(compose["services"][name]["environment"]) - known_settings()
            assert not unknown, name

    def test_gives_ours_nothing_to_write_on_but_their_data(self, compose: dict[str, Any]) -> None:
        for name in OURS | {"migrate"}:
            service = compose["services"][name]
            assert service["read_only"] is True
            assert service["cap_drop"] == ["ALL"]
            assert service["user"] == "10001:10001"
            assert service["volumes"] == ["data:/data"]

    def test_hides_the_services_that_hold_data(self, compose: dict[str, Any]) -> None:
        assert compose["networks"]["inside"] == {"internal": True}
        for name in ("postgresql", "redis"):
            assert compose["services"][name]["networks"] == ["inside"]
            assert "ports" not in compose["services"][name]

    def test_keeps_secrets_in_files(self, compose: dict[str, Any]) -> None:
        secrets = set(compose["secrets"])
        for service in compose["services"].values():
            assert set(service.get("secrets", [])) <= secrets
            for name, value in service.get("environment", {}).items():
                if name.endswith("_FILE"):
                    assert value.rpartition("/")[2] in secrets
                assert not re.search("PASSWORD$|KEY$|_URL$", name), "a secret outside of a file"

    def test_two_webs_and_two_workers_start_after_the_migrations(
        self, compose: dict[str, Any]
    ) -> None:
        for name in ("web", "cycles"):
            assert compose["services"][name]["deploy"]["replicas"] == 2
        for name in OURS:
            waits = compose["services"][name]["depends_on"]
            assert waits["migrate"] == {"condition": "service_completed_successfully"}

    def test_a_worker_gets_longer_to_stop_than_it_takes(self, compose: dict[str, Any]) -> None:
        cycles = compose["services"]["cycles"]

        patience = int(cycles["stop_grace_period"].removesuffix("s"))

        assert patience >= int(cycles["environment"]["PARALLAGON_STOP_SECONDS"]) + 10

    def test_redis_never_throws_messages_away(self, compose: dict[str, Any]) -> None:
        command = " ".join(compose["services"]["redis"]["command"])

        assert "--maxmemory-policy volatile-lru" in command
        assert "--requirepass" in command


class TestDockerfile:
    def test_copies_what_is_there(self, dockerfile: str) -> None:
        for line in re.findall(r"^COPY (?!--from)(.+)$", dockerfile, re.MULTILINE):
            for source in line.split()[:-1]:
                assert (ROOT / source).exists(), source

    def test_takes_every_package_of_ours(self, dockerfile: str) -> None:
        for package in ("parallagon", "missions", "notifications", "agents", "frontend"):
            assert f"COPY {package}/ {package}/" in dockerfile

    def test_sets_only_what_the_code_reads(self, dockerfile: str) -> None:
        ours = re.findall(r"^\s+(?:ENV )?(PARALLAGON_\w+|HOST|PORT|LOG_\w+)=", dockerfile, re.M)

        assert ours
        assert not set(ours) - known_settings()

    def test_ends_as_nobody_in_particular(self, dockerfile: str) -> None:
        last = dockerfile.rpartition("\nFROM ")[2]

        assert re.findall(r"^USER (.+)$", last, re.MULTILINE) == ["10001:10001"]
        assert 'CMD ["python", "manage.py", "serve", "web"]' in last

    def test_lets_no_secret_into_the_image(self) -> None:
        ignored = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()

        assert ignored[1] == "*", "everything is left out that is not asked for"
        assert "**/.env*" in ignored
