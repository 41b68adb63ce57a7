"""What missions are told of runs, to say what a paragraph cost."""

from datetime import timedelta
from uuid import uuid4

import pytest
from pytest_django import DjangoAssertNumQueries
from rest_framework.test import APIClient

from agents.models import Agent
from missions import hooks
from missions.landing import Author, Change, land
from missions.models import Mission
from tests.agents.factories import NOW, make_run


class TestFactsOfRuns:
    def test_are_those_of_the_run(self, production: Agent) -> None:
        run = make_run(
            production, outcome="changed", model="offline/writer", input_tokens=900, output_tokens=0
        )

        facts = hooks.facts_of_runs([run.pk, uuid4()])

        assert facts == {
            run.pk: hooks.RunFacts(
                outcome="changed", model="offline/writer", input_tokens=900, output_tokens=0
            )
        }
        assert facts[run.pk].cost is None  # not known is not zero

    @pytest.mark.django_db
    def test_of_none_ask_nobody(self, django_assert_num_queries: DjangoAssertNumQueries) -> None:
        with django_assert_num_queries(0):
            assert hooks.facts_of_runs([]) == {}

    def test_are_one_query(
        self, production: Agent, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        runs = [
            make_run(production, outcome="changed", queued_at=NOW + timedelta(minutes=number))
            for number in range(9)
        ]

        with django_assert_num_queries(1):
            assert len(hooks.facts_of_runs([run.pk for run in runs])) == 9


@pytest.mark.parametrize("path", ["production.md"])
def test_come_with_the_lines_of_the_run(
    http: APIClient, mission: Mission, production: Agent, path: str
) -> None:
    run = make_run(production, outcome="changed", input_tokens=12)
    before = http.get(f"/api/v1/missions/{mission.pk}/files/{path}").json()
    change = Change(path=path, text=f"{before['text']}\nMore.\n", base=before["revision"])
    land(mission, [change], author=Author.agent("production", run.pk), now=NOW)

    body = http.get(f"/api/v1/missions/{mission.pk}/files/{path}/provenance").json()

    newest = body["revisions"][str(body["revision"])]
    assert (newest["run"], newest["outcome"], newest["input_tokens"]) == (
        str(run.pk), "changed", 12,
    )  # fmt: skip
