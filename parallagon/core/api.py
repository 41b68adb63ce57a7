"""What every API view shares: the error body (RFC 9457), the shape and order of lists."""

import logging
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from django.core.exceptions import (
    BadRequest,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
    ValidationError,
)
from django.db import OperationalError
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views import defaults
from rest_framework import exceptions, serializers
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import set_rollback

from parallagon.core import database
from parallagon.core.errors import ErrorHandler, ParallagonError, ResourceNotFoundError, TooLarge
from parallagon.core.problems import CONTENT_TYPE, problem

logger = logging.getLogger(__name__)


class Pages(CursorPagination):
    """Lists by cursor: stable while rows are added."""

    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200
    ordering = "-pk"

    def paginate_queryset(
        self, queryset: QuerySet[Any] | Sequence[Any], request: Request, view: Any = None
    ) -> list[Any] | None:
        """Return one page.

        Raises:
            NotFound: the cursor was not made here.
        """
        try:
            return super().paginate_queryset(queryset, request, view)
        except (ValueError, TypeError, OverflowError, ValidationError) as error:
            raise exceptions.NotFound(self.invalid_cursor_message) from error


class PageSerializer(serializers.Serializer[Mapping[str, Any]]):
    """A list that comes as one page; a subclass adds ``results``."""

    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True)


class ProblemSerializer(serializers.Serializer[Mapping[str, Any]]):
    """The body of every failure."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField()
    details = serializers.JSONField()
    request_id = serializers.CharField(allow_null=True)


def problems(*statuses: int) -> dict[tuple[int, str], type[ProblemSerializer]]:
    """Return what the schema says of an operation's failures; 401 and 429 always are."""
    return {(status, CONTENT_TYPE): ProblemSerializer for status in sorted({401, 429, *statuses})}


def exception_handler(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any exception of a view with a problem body; what was not foreseen is logged."""
    request: Request = context["request"]
    status, code, detail, details, headers = _read(_known(error, request))
    set_rollback()
    body = problem(
        status=status,
        code=code,
        detail=detail,
        details=details,
        request=request._request,  # noqa: SLF001 - DRF has no public name for it
    )
    return Response(body, status=status, headers=headers, content_type=CONTENT_TYPE)


def _known(error: Exception, request: Request) -> exceptions.APIException | ParallagonError:
    if isinstance(error, (exceptions.APIException, ParallagonError)):
        return error
    if isinstance(error, Http404):
        return ResourceNotFoundError(_("There is nothing here, or nothing you may see."))
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, RequestDataTooBig):
        return TooLarge(_("The request is too large."))
    if isinstance(error, OperationalError):
        logger.warning("%s: the database refused: %s", request.path, error)
        return database.failure(error)
    if isinstance(error, (SuspiciousOperation, BadRequest, UnreadablePostError)):
        return exceptions.ParseError(_("The request cannot be read."))
    return ErrorHandler("api").handle(error, path=request.path)


def _read(
    error: exceptions.APIException | ParallagonError,
) -> tuple[int, str, str, Mapping[str, Any], dict[str, str]]:
    if isinstance(error, ParallagonError):
        headers = {"Retry-After": "2"} if error.status == HTTPStatus.SERVICE_UNAVAILABLE else {}
        return error.status, error.code, error.message, error.details, headers
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if authenticate := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = authenticate
    if isinstance(error, exceptions.ValidationError):
        fields = error.detail if isinstance(error.detail, dict) else {"non_field": error.detail}
        sentence = "; ".join(f"{name}: {_first(value)}" for name, value in fields.items())
        return HTTPStatus.UNPROCESSABLE_ENTITY, "invalid", sentence, fields, headers
    said = error.detail
    # Tokens are refused with a dictionary that repeats itself.
    sentence = str(said.get("detail", _first(said))) if isinstance(said, dict) else str(said)
    return error.status_code, str(error.default_code), sentence, {}, headers


def _first(value: Any) -> str:
    while isinstance(value, (list, dict)) and value:
        value = next(iter(value.values())) if isinstance(value, dict) else value[0]
    return str(value)


def problem_response(request: HttpRequest, *, status: int, code: str, detail: str) -> HttpResponse:
    """Answer a plain Django view with a problem body."""
    body = problem(status=status, code=code, detail=detail, request=request)
    return JsonResponse(body, status=status, content_type=CONTENT_TYPE)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer an address that nobody knows: with a problem body below ``/api/``."""
    if not request.path.startswith("/api/"):
        return defaults.page_not_found(request, exception)
    detail = _("There is nothing at this address.")
    return problem_response(request, status=404, code="not_found", detail=detail)


def server_error(request: HttpRequest) -> HttpResponse:
    """Answer a defect outside of the API's views; the page asks nothing of the database."""
    if not request.path.startswith("/api/"):
        page = render_to_string("500.html", {"request": request})
        return HttpResponse(page, status=HTTPStatus.INTERNAL_SERVER_ERROR)
    detail = _("Parallagon made a mistake; it is in the log.")
    return problem_response(request, status=500, code="error", detail=detail)
