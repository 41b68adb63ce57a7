"""The feed of a mission's events for those who poll: the same rows that sockets get.

A plain asynchronous view, so that someone who waits costs a coroutine's worth of work: it sleeps
until a frame arrives through the layer, and looks into the database now and then in case the
layer lost it or is down.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from asgiref.sync import sync_to_async
from channels.layers import get_channel_layer
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from rest_framework.exceptions import APIException

from missions import events, selectors
from missions.api.serializers import ChangesFilterSerializer
from missions.models import Event
from missions.selectors import Missed
from parallagon.accounts import credentials
from parallagon.accounts.authentication import bearer
from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.scopes import ScopeMissing
from parallagon.core import live
from parallagon.core.api import problem_response
from parallagon.core.errors import ParallagonError

logger = logging.getLogger(__name__)
LOOK_AGAIN_SECONDS = 2.0


async def changes(request: HttpRequest) -> HttpResponse:
    """Answer with the events of ``mission`` after ``after``, waiting up to ``wait`` s for one."""
    if request.method != "GET":
        return problem_response(
            request, status=405, code="method_not_allowed", detail="This feed is only read."
        )
    try:
        user = await _caller(request)
    except ParallagonError as error:
        return problem_response(request, status=error.status, code=error.code, detail=error.message)
    if user is None:
        return problem_response(
            request, status=401, code="not_authenticated", detail="Sign in to read this feed."
        )
    filters = ChangesFilterSerializer(data=request.GET)
    if not filters.is_valid():
        sentence = "; ".join(f"{name}: {errors[0]}" for name, errors in filters.errors.items())
        return problem_response(request, status=422, code="invalid", detail=sentence)
    try:
        missed = await _read(user, **filters.validated_data)
    except ParallagonError as error:
        return problem_response(request, status=error.status, code=error.code, detail=error.message)
    response = JsonResponse(_body(missed))
    response["Cache-Control"] = "no-store"
    return response


async def _caller(request: HttpRequest) -> User | None:
    user = await request.auser()
    if isinstance(user, User):
        return user
    secret = bearer(request)
    if secret is None:
        return None
    try:
        found = await sync_to_async(credentials.read)(secret, now=timezone.now())
    except APIException:
        return None
    if not found.allows(ApiKey.Scope.READ):
        raise ScopeMissing("The key lacks the scope “read”.", scope=ApiKey.Scope.READ.value)
    return found.user


async def _read(user: User, *, mission: int, after: int, wait: float) -> Missed:
    await sync_to_async(selectors.membership)(user=user, mission_id=mission)
    if not wait:
        return await _look(mission, after)
    until = asyncio.get_running_loop().time() + wait
    async with _arrivals(mission) as arrival:
        while True:
            arrival.clear()
            missed = await _look(mission, after)
            await sync_to_async(selectors.membership)(user=user, mission_id=mission)
            left = until - asyncio.get_running_loop().time()
            if missed.events or missed.must_resync or left <= 0:
                return missed
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(arrival.wait(), min(left, LOOK_AGAIN_SECONDS))


async def _look(mission_id: int, after: int) -> Missed:
    look = sync_to_async(selectors.missed_events)
    missed: Missed = await look(mission_id=mission_id, after=after)
    return missed


@asynccontextmanager
async def _arrivals(mission_id: int) -> AsyncIterator[asyncio.Event]:
    """Give an event that is set whenever a frame of the mission arrives."""
    arrival = asyncio.Event()
    listening = asyncio.create_task(_listen(events.group(mission_id), arrival))
    try:
        yield arrival
    finally:
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening


async def _listen(group: str, arrival: asyncio.Event) -> None:
    layer = get_channel_layer()
    channel = None
    try:
        channel = await layer.new_channel()
        await layer.group_add(group, channel)
        arrival.set()  # what came before this moment was not heard
        while True:
            await layer.receive(channel)
            arrival.set()
    except Exception as error:  # noqa: BLE001, RUF100 - without the layer the database is looked at
        logger.warning("the feed of %s does without the live layer: %s", group, error)
    finally:
        if channel is not None:
            with contextlib.suppress(Exception):
                await layer.group_discard(group, channel)


def _body(missed: Missed) -> dict[str, Any]:
    return {
        "results": [_frame(event) for event in missed.events],
        "seq": missed.seq,
        "oldest": missed.oldest,
        "must_resync": missed.must_resync,
    }


def _frame(event: Event) -> dict[str, Any]:
    return live.as_frame(event.type, event.data, at=event.at, seq=event.seq)
