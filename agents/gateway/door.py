"""Open the door: the one HTTP route children may call, and everything that is refused there."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from agents.gateway.child import RUN_IS_OVER, refusal
from agents.gateway.protocol import Bounds
from agents.gateway.relay import Relay
from agents.gateway.runs import Runs

ROUTE = "/v1/chat/completions"
MOST_HEADERS = 64
# A child on this machine sends its whole request at once.
REQUEST_SECONDS = 30.0


class BadRequest(Exception):  # noqa: N818 - says what happened
    """A request that is not one for a reply; the text says why."""


def make_app(runs: Runs, relay: Relay, bounds: Bounds) -> web.Application:
    """Return the application that children talk to."""

    async def complete(request: web.Request) -> web.StreamResponse:
        run = runs.with_token(_token(request))
        if run is None:
            return refusal(401, "No run has this token.", code="unknown_token")
        if run.void is not None:
            return refusal(400, RUN_IS_OVER, code="run_is_over")
        # HTTP/1.0 has no chunks: there, a reply that breaks off cannot be told from a whole one.
        if request.version < (1, 1):
            return refusal(400, "Use HTTP/1.1.", code="http_version")
        with run.call_under_way():
            try:
                body = await _read(request)
            except BadRequest as error:
                return refusal(400, str(error), code="bad_request")
            return await relay.answer(request, run, body)

    app = web.Application(client_max_size=bounds.request_bytes, middlewares=[_speak_openai])
    app.router.add_post(ROUTE, complete)
    return app


@web.middleware
async def _speak_openai(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Give every refusal the body that OpenAI clients read."""
    if len(request.raw_headers) > MOST_HEADERS:
        return refusal(431, "Too many headers.", code="too_many_headers")
    try:
        return await handler(request)
    except web.HTTPException as error:
        return refusal(error.status, error.reason, code="refused")


def _token(request: web.Request) -> str:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


async def _read(request: web.Request) -> dict[str, Any]:
    """Return the body. Raises BadRequest."""
    try:
        async with asyncio.timeout(REQUEST_SECONDS):
            body = json.loads(await request.read())
    except TimeoutError as error:
        raise BadRequest("The request did not arrive in time.") from error
    except (ValueError, RecursionError) as error:
        raise BadRequest("The request is not JSON.") from error
    messages = body.get("messages") if isinstance(body, dict) else None
    if not isinstance(messages, list) or not all(isinstance(one, dict) for one in messages):
        raise BadRequest("The request has no messages.")
    return dict(body)
