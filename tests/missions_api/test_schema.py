"""What the API says of itself."""

import io
from collections.abc import Iterator
from contextlib import redirect_stderr
from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.generators import SchemaGenerator

from missions.api import urls

_OF_NOBODY = (" /missions/", " /missions/import")  # there is no mission yet to be found
OURS = ("/api/v1/missions/", "/api/v1/proposals/")


@pytest.fixture(scope="module")
def said() -> tuple[dict[str, Any], str]:
    """Return the description of the API, and what its maker complained of."""
    complaints = io.StringIO()
    GENERATOR_STATS.reset()
    generator: Any = SchemaGenerator  # it has no types
    with redirect_stderr(complaints):
        schema = generator(patterns=urls.urlpatterns).get_schema(request=None, public=True)
    return schema, complaints.getvalue()


def operations(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def test_nothing_is_left_to_guess(said: tuple[dict[str, Any], str]) -> None:
    assert said[1] == ""


def test_every_operation_has_a_name_of_its_own(said: tuple[dict[str, Any], str]) -> None:
    names = [operation["operationId"] for _, operation in operations(said[0])]

    assert len(names) == len(set(names))
    assert {"missions_list", "files_save", "revisions_list", "proposals_accept"} <= set(names)


def test_every_operation_says_how_it_fails(said: tuple[dict[str, Any], str]) -> None:
    for name, operation in operations(said[0]):
        failures = {status for status in operation["responses"] if status >= "400"}
        assert {"401", "404"} <= failures or name.endswith(_OF_NOBODY), name
        assert all(
            list(operation["responses"][status]["content"]) == ["application/problem+json"]
            for status in failures
        ), name


def test_a_conflict_has_three_texts(said: tuple[dict[str, Any], str]) -> None:
    conflict = said[0]["components"]["schemas"]["Conflict"]["properties"]

    assert set(conflict) == {"path", "base", "theirs", "mine"}
