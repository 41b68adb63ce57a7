"""The description of the API that is committed is the one that is served."""

from pathlib import Path

import yaml
from django.conf import LazySettings
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

COMMITTED = Path(__file__).resolve().parent.parent.parent / "docs/openapi.yaml"


class TestDescription:
    def test_is_committed_as_it_is_served(self, settings: LazySettings) -> None:
        settings.SESSION_COOKIE_NAME = "parallagon_8000"  # the port of the committed one

        served = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # it has no types

        rendered = OpenApiYamlRenderer().render(served, renderer_context={})  # type: ignore[no-untyped-call] # nor has it
        assert yaml.safe_load(rendered) == yaml.safe_load(COMMITTED.read_text()), "make schema"
