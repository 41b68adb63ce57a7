"""Whatever is asked of the API, it answers as it says it does: never with a mistake of its own."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, cast

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from rest_framework_simplejwt.tokens import AccessToken
from schemathesis.checks import not_a_server_error
from schemathesis.config import GenerationConfig, ProjectConfig, ProjectsConfig, SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.world import World, make_world, operations, schema

EXAMPLES = int(os.environ.get("PARALLAGON_API_EXAMPLES", "12"))
SLOW = {"prompts_preview": 1, "prompts_preview_draft": 1}  # each starts a process
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
CONFIG = SchemathesisConfig(
    projects=ProjectsConfig(default=ProjectConfig(generation=GenerationConfig(deterministic=True)))
)
API = schemathesis.openapi.from_dict(schema(), config=CONFIG)
OPERATIONS = operations()


@contextmanager
def undone() -> Iterator[None]:
    """Take back what happens inside; landings, which insist on the outermost transaction, may."""
    block: Any = transaction.atomic()
    block._from_testcase = True  # as Django marks its own
    with block:
        yield
        transaction.set_rollback(True)


@pytest.fixture(autouse=True)
def one_connection() -> Iterator[None]:
    """Keep the connection of the test between requests, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def world(db: None, tmp_path: Any, settings: Any) -> World:
    settings.DATA_DIR = tmp_path
    return make_world()


@pytest.mark.parametrize("name", OPERATIONS)
def test_is_answered_as_described(name: str, world: World) -> None:
    method, path = OPERATIONS[name]
    cases = API[path][method].as_strategy()
    application = WSGIHandler()

    @settings(
        max_examples=SLOW.get(name, EXAMPLES),
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(
        case=cases,
        who=st.sampled_from(["owner", "owner", "editor", "stranger"]),
        real=st.integers(0, 3),
    )
    def ask(case: Any, who: Any, real: int) -> None:
        if real:  # what names nothing would always be answered alike
            case.path_parameters = {part: world.names[part] for part in case.path_parameters or {}}
        if name == "changes":
            case.query = {**(case.query or {}), "wait": 0}
        token = AccessToken.for_user(world.people[who])
        with undone():
            answer = case.call(
                app=application,
                base_url="http://testserver",
                headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"},
            )
        case.validate_response(answer, checks=CHECKS)

    cast("Any", ask)()
