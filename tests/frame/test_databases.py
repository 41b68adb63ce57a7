"""The settings of the database: pools and limits on PostgreSQL."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from parallagon.settings.databases import postgresql
from parallagon.settings.env import Environment

URL = "postgres://ada:secret@db.example.org:5433/parallagon"


@pytest.fixture
def environment() -> Environment:
    environment = Environment()
    environment.values = {}
    return environment


class TestPostgresql:
    def test_reads_the_address(self, environment: Environment) -> None:
        database = postgresql(URL, environment)

        assert database["ENGINE"] == "django.db.backends.postgresql"
        assert (database["HOST"], database["PORT"], database["NAME"]) == (
            "db.example.org", 5433, "parallagon",
        )  # fmt: skip

    def test_waits_for_nothing_for_ever(self, environment: Environment) -> None:
        environment.values = {"PARALLAGON_DATABASE_STATEMENT_SECONDS": "7"}

        options = postgresql(URL, environment)["OPTIONS"]

        assert options["connect_timeout"] == 5
        assert options["options"].split("-c ")[1:] == [
            "statement_timeout=7s ",
            "lock_timeout=10s ",
            "idle_in_transaction_session_timeout=60s",
        ]

    def test_keeps_a_pool_in_each_process(self, environment: Environment) -> None:
        environment.values = {
            "PARALLAGON_DATABASE_CONNECTIONS_KEPT": "2",
            "PARALLAGON_DATABASE_CONNECTIONS": "30",
            "PARALLAGON_DATABASE_WAIT_SECONDS": "3",
        }

        database = postgresql(URL, environment)

        pool = database["OPTIONS"]["pool"]
        assert (pool["min_size"], pool["max_size"], pool["timeout"]) == (2, 30, 3)
        assert database["CONN_MAX_AGE"] == 0, "Django refuses to keep what a pool keeps"

    def test_leaves_all_that_to_a_pooler(self, environment: Environment) -> None:
        environment.values = {"PARALLAGON_DATABASE_POOLER": "true"}

        database = postgresql(URL, environment)

        assert database["DISABLE_SERVER_SIDE_CURSORS"]
        assert not {"pool", "options"} & database["OPTIONS"].keys()

    def test_keeps_what_the_address_says(self, environment: Environment) -> None:
        options = postgresql(f"{URL}?sslmode=verify-full&connect_timeout=2", environment)["OPTIONS"]

        assert options["sslmode"] == "verify-full"
        assert int(options["connect_timeout"]) == 2

    @pytest.mark.parametrize("url", ["mysql://host/name", "sqlite:///file"])
    def test_refuses_another_database(self, environment: Environment, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
            postgresql(url, environment)

    def test_refuses_to_keep_more_than_there_may_be(self, environment: Environment) -> None:
        environment.values = {
            "PARALLAGON_DATABASE_CONNECTIONS_KEPT": "9",
            "PARALLAGON_DATABASE_CONNECTIONS": "3",
        }

        with pytest.raises(ImproperlyConfigured, match="CONNECTIONS_KEPT is 9"):
            postgresql(URL, environment)
