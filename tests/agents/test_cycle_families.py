"""A whole cycle with a model of each family, and in the edit format that suits it."""

from typing import Any

import pytest

from agents.aider.engine import Engine
from agents.gateway.charges import charge_of
from agents.gateway.client import Gateway
from agents.models import ModelCall
from agents.workshop import Workshop
from tests.agents.cycle_runs import Team
from tests.aider.aider_model import ScriptedModel, search_block, whole_block
from tests.gateway.gateway_dialects import DIALECTS, Dialect
from tests.gateway.gateway_provider import END, ScriptedProvider, chunk, head

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("engine")]

EDIT = search_block("production.md", "", "# Production\n\nNew.\n")


@pytest.fixture(params=DIALECTS, ids=lambda dialect: dialect.kind)
def dialect(request: pytest.FixtureRequest) -> Dialect:
    found: Dialect = request.param
    return found


@pytest.fixture
def at_family(
    team: Team, provider: ScriptedProvider, engine: Engine, gateway: Gateway, dialect: Dialect
) -> Team:
    """The team, its mission's model at a provider of this family."""
    variable = dialect.key_variable.replace("_API_KEY", "_API_BASE")
    environment = {variable: dialect.address(provider)}
    team.workshop = Workshop(engine=engine, gateway=gateway, environment=environment)
    team.mission.model = f"{dialect.kind}/some-model"
    team.mission.save(update_fields=["model"])
    return team


class TestFamily:
    def test_lands_what_its_model_wrote(
        self, at_family: Team, provider: ScriptedProvider, dialect: Dialect
    ):
        body = dialect.begin + dialect.delta(EDIT) + dialect.finish(dialect.good) + dialect.end
        provider.play([head(), chunk(body), END])
        at_family.put("production.md", "")

        run = at_family.run("production")

        assert run.outcome == "changed", run.reason
        assert at_family.text("production.md") == "# Production\n\nNew.\n"
        call = ModelCall.objects.get(run=run)
        counted = (
            call.input_tokens, call.output_tokens, call.cached_tokens, call.cache_write_tokens,
        )  # fmt: skip
        assert counted == dialect.expected_usage
        charge = charge_of(call.model)
        assert charge is not None
        assert call.cost == charge.price.cost(
            input_tokens=100,
            output_tokens=5,
            cached_tokens=30,
            cache_write_tokens=call.cache_write_tokens or 0,
        )

    def test_lands_nothing_of_a_reply_that_was_filtered(
        self, at_family: Team, provider: ScriptedProvider, dialect: Dialect
    ):
        body = dialect.begin + dialect.delta(EDIT) + dialect.finish(dialect.filtered) + dialect.end
        provider.play([head(), chunk(body), END])
        at_family.put("production.md", "")

        run = at_family.run("production")

        assert run.outcome == "failed"
        assert at_family.text("production.md") == ""
        assert ModelCall.objects.get(run=run).failure == "filtered"


class TestEditFormat:
    def test_is_whole_files_for_a_model_that_needs_it(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_WHOLE_MODELS = ["openai/scripted"]
        team.put("production.md", "# Production\n")
        model.enqueue(whole_block("production.md", "# Production\n\nNew.\n"))

        run = team.run("production")

        assert run.outcome == "changed", run.reason
        assert "SEARCH" not in model.prompts()

    def test_is_blocks_all_the_same_where_a_file_has_a_fence(
        self, team: Team, model: ScriptedModel, settings: Any
    ):
        settings.PARALLAGON_WHOLE_MODELS = ["openai/scripted"]
        text = "# Production\n\n```\ncode\n```\n"
        team.put("production.md", text)
        model.enqueue(
            "production.md\n````\n<<<<<<< SEARCH\n# Production\n=======\n# Product\n"
            ">>>>>>> REPLACE\n````\n"
        )

        run = team.run("production")

        assert run.outcome == "changed", run.reason
        assert team.text("production.md") == text.replace("Production", "Product")
        assert "SEARCH" in model.prompts()
