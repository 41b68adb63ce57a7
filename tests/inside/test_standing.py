"""What is looked up when Prometheus asks."""

from collections.abc import Iterator

import pytest
from django.conf import LazySettings
from django.db import connection
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from agents.models import Agent
from missions.services import CreateMission
from parallagon.inside import standing
from tests.agents.factories import NOW
from tests.factories import make_user

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh() -> Iterator[None]:
    standing.forget()
    yield
    standing.forget()


def values() -> dict[str, float]:
    standing.forget()
    families = text_string_to_metric_families(standing.standing().decode())
    return {
        f"{sample.name}{list(sample.labels.values())}": sample.value
        for family in families
        for sample in family.samples
    }


class TestStanding:
    def test_counts_agents_and_missions_with_the_same_queries_however_many(self) -> None:
        owner = make_user()

        def queries() -> int:
            with CaptureQueriesContext(connection) as found:
                values()
            return len(found)

        before = queries()
        for number in range(3):
            CreateMission(
                owner=owner, title=f"No. {number}", request="# Do\n", language="en", now=NOW
            ).execute()

        # Agents by state, who is due; runs; missions, proposals, unfinished landings.
        assert (before, queries()) == (6, 6)
        assert values()["parallagon_missions['active']"] == 3
        known = values()
        agents = sum(known[f"parallagon_agents['{state.lower()}']"] for state in Agent.State.values)
        assert agents == Agent.objects.count() > 0

    def test_says_which_part_is_missing(self, settings: LazySettings) -> None:
        settings.REDIS_URL = "redis://127.0.0.1:1"

        known = values()

        assert known["parallagon_scrape_failed['queues']"] == 1
        assert known["parallagon_scrape_failed['agents']"] == 0
        assert "parallagon_queue_messages['cycles']" not in known
