import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import Http404, UnreadablePostError
from rest_framework import exceptions
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.test import APIRequestFactory
from rest_framework.views import APIView

from parallagon.core.errors import Conflict, LockError, ParallagonError, TooLarge, ValidationError
from parallagon.core.parsing import JSONBody
from parallagon.core.problems import CONTENT_TYPE


def answer_to(error: Exception) -> Any:
    """Return what a view answers that raises ``error``."""

    class Failing(APIView):
        authentication_classes = ()
        permission_classes = ()

        def get(self, _request: Request) -> Response:
            raise error

    request = APIRequestFactory().get("/")
    request.META["parallagon.request_id"] = "request-1"
    response = Failing.as_view()(request)
    response.render()
    return response


FAILURES: list[tuple[Exception, int, str]] = [
    (ValidationError("x"), 422, "invalid"),
    (TooLarge("x"), 413, "too_large"),
    (Conflict("x"), 409, "conflict"),
    (LockError("x"), 503, "locked"),
    (ParallagonError("x"), 500, "error"),
    (Http404(), 404, "not_found"),
    (PermissionDenied(), 403, "permission_denied"),
    (RequestDataTooBig(), 413, "too_large"),
    (SuspiciousOperation(), 400, "parse_error"),
    (UnreadablePostError(), 400, "parse_error"),
    (exceptions.NotAuthenticated(), 403, "not_authenticated"),
    (exceptions.Throttled(wait=3.2), 429, "throttled"),
    (exceptions.ValidationError({"title": ["Too long."]}), 422, "invalid"),
    (RuntimeError("a secret of the house"), 500, "service_failed"),
]


class TestProblem:
    @pytest.mark.parametrize(("error", "status", "code"), FAILURES)
    def test_has_one_form(self, error: Exception, status: int, code: str) -> None:
        response = answer_to(error)

        assert response.status_code == status
        assert response["Content-Type"] == CONTENT_TYPE
        body = json.loads(response.content)
        assert set(body) == {
            "type", "title", "status", "code", "detail", "details", "request_id",
        }  # fmt: skip
        assert (body["status"], body["code"]) == (status, code)
        assert body["type"] == f"urn:parallagon:error:{code}"
        assert body["request_id"] == "request-1"

    def test_keeps_a_defect_to_itself(self) -> None:
        assert b"secret" not in answer_to(RuntimeError("a secret of the house")).content

    def test_carries_details(self) -> None:
        body = answer_to(Conflict("Too late.", revision=3)).data

        assert (body["detail"], body["details"]) == ("Too late.", {"revision": 3})

    def test_names_the_fields(self) -> None:
        body = answer_to(exceptions.ValidationError({"a": {"b": ["Wrong."]}})).data

        assert body["detail"] == "a: Wrong."
        assert body["details"] == {"a": {"b": ["Wrong."]}}

    def test_says_when_to_try_again(self) -> None:
        assert answer_to(LockError("x"))["Retry-After"] == "2"
        assert answer_to(exceptions.Throttled(wait=3.2))["Retry-After"] == "5"


@pytest.fixture
def parse() -> Callable[[bytes], Any]:
    class Echo(APIView):
        authentication_classes = ()
        permission_classes = ()
        parser_classes: tuple[type[BaseParser], ...] = (JSONBody,)

        def post(self, request: Request) -> Response:
            return Response(request.data)

    def send(body: bytes) -> Any:
        request = APIRequestFactory().post("/", body, content_type="application/json")
        response = Echo.as_view()(request)
        response.render()
        return response

    return send


class TestJSONBody:
    def test_reads_json(self, parse: Callable[[bytes], Any]) -> None:
        assert parse(b'{"a": "\\ud83d\\ude00"}').data == {"a": "\U0001f600"}

    @pytest.mark.parametrize(
        "body", [b"{", b"\xff", b"[" * 100_000, b'"\\ud800"', b'{"\\udc00": 1}', b"NaN"]
    )
    def test_refuses_what_is_none(self, parse: Callable[[bytes], Any], body: bytes) -> None:
        response = parse(body)

        assert (response.status_code, response.data["code"]) == (400, "parse_error")

    def test_is_bounded(self, parse: Callable[[bytes], Any], settings: Any) -> None:
        settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 10

        assert parse(b'"' + b"x" * 8 + b'"').status_code == 200
        assert parse(b'"' + b"x" * 9 + b'"').status_code == 413
