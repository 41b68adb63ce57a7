"""A file to read without a script, over HTTP."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from missions import selectors
from missions.api import etags
from missions.api.serializers import Shape
from missions.api.views.base import MissionScoped
from missions.api.views.files import IF_NONE_MATCH, current_of
from missions.rendering import render
from parallagon.core.api import problems


class RenderedSerializer(Shape):
    path = serializers.CharField()
    revision = serializers.IntegerField()
    html = serializers.CharField(
        help_text="sanitized: no script, no style, nothing that is fetched from elsewhere"
    )


class RenderedView(MissionScoped):
    serializer_class = RenderedSerializer

    @extend_schema(
        operation_id="files_rendered",
        parameters=[IF_NONE_MATCH],
        responses={200: RenderedSerializer, 304: None, **problems(404, 422)},
    )
    def get(self, request: Request, path: str, **_: Any) -> Response:
        """Read a file as HTML: Markdown with its structure, anything else as it stands."""
        revision = current_of(selectors.current_file(mission=self.mission, path=path))
        headers = {"ETag": etags.etag_of(revision)}
        if etags.is_known(request, revision):
            return Response(status=304, headers=headers)
        html = render(selectors.text_of(revision), is_markdown=revision.path.endswith(".md"))
        body = {"path": revision.path, "revision": revision.number, "html": html}
        return Response(RenderedSerializer(body).data, headers=headers)
