"""Answers get smaller on the wire, where that gives nothing away."""

from typing import ClassVar

from compression_middleware.middleware import CompressionMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class CompressAnswers(CompressionMiddleware):
    """Compress whole texts by zstd, br or gzip, whichever the client takes.

    What streams is an archive, compressed already. An answer that holds a token is left as it
    is: its length must not depend on how much of a guess in the request it repeats (BREACH). The
    tokens in forms are safe: Django masks them anew each time.
    """

    kinds: ClassVar[tuple[str, ...]] = ("text/", "application/json", "application/problem+json")
    tokens: ClassVar[str] = "/api/v1/auth/"

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        is_text = response.headers.get("Content-Type", "").startswith(self.kinds)
        if response.streaming or not is_text or request.path.startswith(self.tokens):
            return response
        compressed: HttpResponseBase = super().process_response(request, response)
        return compressed
