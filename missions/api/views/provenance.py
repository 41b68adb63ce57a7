"""Who wrote what in a file, over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from missions import hooks, selectors
from missions.api import etags
from missions.api.serializers import AuthorSerializer, FileKeySerializer, Shape
from missions.api.views.base import MissionScoped
from missions.api.views.files import IF_NONE_MATCH, current_of
from missions.authors import Author, Kind
from missions.models import Revision
from missions.provenance import Attribution, Origin, paragraphs
from missions.services import AttributeLines
from parallagon.accounts.models import User
from parallagon.core.api import problems


class ProvenanceFilterSerializer(FileKeySerializer):
    revision = serializers.IntegerField(
        min_value=1,
        max_value=selectors.LARGEST_ID,
        required=False,
        help_text="the current one unless given",
    )


class OriginSerializer(Shape):
    """A revision from which lines come; it may have been thinned out since."""

    author = AuthorSerializer()
    run = serializers.UUIDField(allow_null=True)
    at = serializers.DateTimeField()
    operation = serializers.ChoiceField(Revision.Operation.choices)
    outcome = serializers.CharField(allow_null=True, help_text="of the run")
    model = serializers.CharField(allow_null=True, help_text="of the run")
    input_tokens = serializers.IntegerField(allow_null=True, help_text="of the whole run")
    output_tokens = serializers.IntegerField(allow_null=True, help_text="of the whole run")
    cost = serializers.DecimalField(
        max_digits=12,
        decimal_places=6,
        allow_null=True,
        help_text="of the whole run, US dollars; null: not known",
    )


class ParagraphSerializer(Shape):
    start = serializers.IntegerField(help_text="first line, from 1")
    end = serializers.IntegerField(help_text="last line")
    revision = serializers.IntegerField(help_text="from which most of its lines come")
    last = serializers.IntegerField(help_text="the newest that has lines in it")
    contributors = serializers.ListField(child=serializers.IntegerField())


class ProvenanceSerializer(Shape):
    path = serializers.CharField()
    revision = serializers.IntegerField()
    revisions = serializers.DictField(
        child=OriginSerializer(), help_text="by number: those from which lines come"
    )
    lines = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="from top to bottom: how many lines come from which revision",
    )
    paragraphs = ParagraphSerializer(many=True)


class ProvenanceView(MissionScoped):
    serializer_class = ProvenanceSerializer

    @extend_schema(
        operation_id="files_provenance",
        parameters=[ProvenanceFilterSerializer, IF_NONE_MATCH],
        responses={200: ProvenanceSerializer, 304: None, **problems(404, 422, 500, 503)},
    )
    def get(self, request: Request, path: str, **_: Any) -> Response:
        """Tell who wrote each line and paragraph of a file, in which run and when.

        503 with code “provenance_pending” when a very long past takes another request.
        """
        filters = ProvenanceFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        revision = self._revision(path, **filters.validated_data)
        headers = {"ETag": etags.etag_of(revision)}
        if etags.is_known(request, revision):
            return Response(status=304, headers=headers)
        attribution = AttributeLines(revision=revision).execute()
        return Response(_answer(revision, attribution), headers=headers)

    def _revision(
        self, path: str, revision: int | None = None, file: int | None = None
    ) -> Revision:
        if revision is not None:
            return selectors.revision_of(
                mission=self.mission, path=path, number=revision, file=file
            )
        if file is not None:
            return selectors.revisions_of(mission=self.mission, path=path, file=file)[0]
        return current_of(selectors.current_file(mission=self.mission, path=path))


def _answer(revision: Revision, attribution: Attribution) -> dict[str, Any]:
    """Return what ``ProvenanceSerializer`` describes; thousands of entries are built at once."""
    used = attribution.used()
    text = selectors.text_of(revision)
    found = paragraphs(text, attribution.lines, is_markdown=revision.path.endswith(".md"))
    return {
        "path": revision.path,
        "revision": revision.number,
        "revisions": _origins(used),
        "lines": attribution.spans(),
        "paragraphs": [
            {
                "start": one.start,
                "end": one.end,
                "revision": one.revision,
                "last": one.last,
                "contributors": one.contributors,
            }
            for one in found
        ],
    }


def _origins(origins: Sequence[Origin]) -> dict[str, dict[str, Any]]:
    people = User.objects.in_bulk({one.user_id for one in origins if one.user_id is not None})
    facts = hooks.facts_of_runs([*{one.run_id for one in origins if one.run_id is not None}])
    return {str(one.number): _origin(one, people, facts) for one in origins}


def _origin(
    origin: Origin, people: Mapping[int, User], facts: Mapping[UUID, hooks.RunFacts]
) -> dict[str, Any]:
    author = Author(
        kind=Kind(origin.kind),
        user=people.get(origin.user_id or 0),
        role=origin.role,
        run_id=origin.run_id,
        told=origin.told,
    ).as_data()
    run = facts.get(origin.run_id) if origin.run_id else None
    return {
        "author": author,
        "run": author["run"],
        "at": origin.at,
        "operation": origin.operation,
        "outcome": run.outcome if run else None,
        "model": run.model if run else None,
        "input_tokens": run.input_tokens if run else None,
        "output_tokens": run.output_tokens if run else None,
        "cost": f"{run.cost:.6f}" if run and run.cost is not None else None,
    }
