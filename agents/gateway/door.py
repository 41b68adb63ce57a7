"""Open the door: one HTTP route for each family, and everything that is refused there."""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from agents.gateway.child import RUN_IS_OVER, refusal
from agents.gateway.families import FAMILIES, family_of
from agents.gateway.families.base import Family
from agents.gateway.protocol import Bounds
from agents.gateway.relay import Relay
from agents.gateway.runs import Runs

MOST_HEADERS = 64
# A child on this machine sends its whole request at once.
REQUEST_SECONDS = 30.0


class BadRequest(Exception):  # noqa: N818 - says what happened
    """A request that is not one for a reply; the text says why."""


def make_app(runs: Runs, relay: Relay, bounds: Bounds) -> web.Application:
    """Return the application that children talk to."""

    async def complete(family: Family, request: web.Request) -> web.StreamResponse:
        run = runs.with_token(family.token(request.headers))
        if run is None:
            return refusal(401, "No run has this token.", code="unknown_token")
        if run.void is not None:
            return refusal(400, RUN_IS_OVER, code="run_is_over")
        if family is not family_of(run.registration.upstream):
            return refusal(400, "This run's model speaks another protocol.", code="wrong_family")
        # HTTP/1.0 has no chunks: there, a reply that breaks off cannot be told from a whole one.
        if request.version < (1, 1):
            return refusal(400, "Use HTTP/1.1.", code="http_version")
        with run.call_under_way():
            try:
                body = await _read(request, family)
            except BadRequest as error:
                return refusal(400, str(error), code="bad_request")
            is_stream = family.is_stream(request.path, body)
            return await relay.answer(request, run, body, is_stream=is_stream)

    app = web.Application(client_max_size=bounds.request_bytes, middlewares=[_speak_json])
    for family in FAMILIES.values():
        app.router.add_post(family.route, partial(complete, family))
    return app


@web.middleware
async def _speak_json(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every refusal the body that models' clients read."""
    if len(request.raw_headers) > MOST_HEADERS:
        return refusal(431, "Too many headers.", code="too_many_headers")
    try:
        return await handler(request)
    except web.HTTPException as error:
        return refusal(error.status, error.reason, code="refused")


async def _read(request: web.Request, family: Family) -> dict[str, Any]:
    """Return the body. Raises BadRequest."""
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            body = json.loads(await request.read())
    except TimeoutError as error:
        raise BadRequest("The request did not arrive in time.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("The request is not JSON.") from error
    if not isinstance(body, dict) or not family.is_question(body):
        raise BadRequest("The request has no messages.")
    return body
