"""Search over HTTP."""

from typing import Any, ClassVar, Final

from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from agents.models import AgentRun
from missions.models import Mission
from missions.selectors import LARGEST_ID
from parallagon.accounts.authentication import caller
from parallagon.accounts.models import ApiKey
from parallagon.core import limits
from parallagon.core.api import PageSerializer, problems
from parallagon.search import selectors
from parallagon.search.models import SearchEntry
from parallagon.search.selectors import MOST

LONGEST_QUERY: Final = 500


class SearchFilterSerializer(serializers.Serializer[Any]):
    q = serializers.CharField(
        max_length=LONGEST_QUERY,
        allow_blank=True,
        trim_whitespace=False,
        help_text='words that must all be there; "a phrase"; -not this; the last may be begun only',
    )
    kind = serializers.ChoiceField(SearchEntry.Kind.choices, required=False)
    mission = serializers.IntegerField(min_value=1, max_value=LARGEST_ID, required=False)
    cursor = serializers.CharField(required=False, help_text="from `next` or `previous`")
    page_size = serializers.IntegerField(min_value=1, max_value=50, default=20)


class MarkedSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    hits = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        help_text="where hits begin and end, in characters (code points) of the text",
    )


class FoundMissionSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    title = serializers.CharField()
    state = serializers.ChoiceField(Mission.State.choices)


class FoundRunSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    agent = serializers.IntegerField(source="agent_id")
    role = serializers.CharField(source="agent.role")
    outcome = serializers.ChoiceField(AgentRun.Outcome.choices)


class FoundSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(SearchEntry.Kind.choices)
    mission = FoundMissionSerializer()
    path = serializers.CharField(allow_null=True, help_text="of a file, as it is called now")
    run = FoundRunSerializer(allow_null=True)
    line = serializers.IntegerField(
        source="snippet.line", allow_null=True, help_text="of the text, from 1; none: in the name"
    )
    name = MarkedSerializer(help_text="title of the mission, path of the file or role of the run")
    snippet = MarkedSerializer()
    at = serializers.DateTimeField(help_text="of the last change")


class FoundPageSerializer(PageSerializer):
    results = FoundSerializer(many=True)


class SearchView(APIView):
    """Missions by title and request, files by path and text, runs by what they went through."""

    limited_as: ClassVar = limits.EXPENSIVE
    key_scopes: ClassVar = {"GET": ApiKey.Scope.READ.value}

    @extend_schema(
        operation_id="search",
        parameters=[SearchFilterSerializer],
        responses={200: FoundPageSerializer, **problems(404, 422, 503)},
    )
    def get(self, request: Request) -> Response:
        """Search what the caller may see: title before path before text, 200 results at most.

        What landed is found within a few seconds.
        """
        filters = SearchFilterSerializer(data=request.query_params)
        filters.is_valid(raise_exception=True)
        given = dict(filters.validated_data)
        text, size = given.pop("q"), given.pop("page_size")
        begin = _begin(given.pop("cursor", "0"))
        entries = selectors.search(
            user=caller(request), text=text, begin=begin, count=size + 1, **given
        )
        page = list(selectors.shown(entries[:size], text))
        return Response(
            {
                "next": _link(request, begin + size) if len(entries) > size else None,
                "previous": _link(request, max(0, begin - size)) if begin else None,
                "results": FoundSerializer(page, many=True).data,
            }
        )


def _begin(cursor: str) -> int:
    """Return where a page begins.

    Raises:
        NotFound: the cursor was not made here.
    """
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) < 4 and int(cursor) < MOST):
        raise exceptions.NotFound(CursorPagination.invalid_cursor_message)
    return int(cursor)


def _link(request: Request, begin: int) -> str:
    address = request.build_absolute_uri()
    if not begin:
        return str(remove_query_param(address, "cursor"))
    return str(replace_query_param(address, "cursor", begin))
