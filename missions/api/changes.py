"""The feed of a mission's events for those who poll: the same rows that sockets get.

A plain asynchronous view, so that someone who waits costs a coroutine's worth of work and no
thread: it sleeps in the mission's room until a frame arrives, and looks into the database now and
then in case the layer lost it or is down.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from asgiref.sync import sync_to_async
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.exceptions import APIException

from missions import selectors
from missions.api import etags
from missions.api.serializers import ChangesFilterSerializer
from missions.models import Event
from missions.onlookers import Filter, Room, enter
from missions.selectors import Missed
from parallagon.accounts import credentials
from parallagon.accounts.authentication import bearer
from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.scopes import ScopeMissing
from parallagon.core import live
from parallagon.core.api import problem_response
from parallagon.core.errors import ParallagonError, ResourceNotFoundError
from parallagon.core.hub import Message

LOOK_AGAIN_SECONDS = 2.0


async def changes(request: HttpRequest) -> HttpResponse:
    """Answer with the events of ``mission`` after ``after``, waiting up to ``wait`` s for one.

    ``types`` and ``files`` let pass what a socket's filter would. Who has the answer already, by
    its ``ETag``, gets 304 when nothing came meanwhile.
    """
    if request.method not in {"GET", "HEAD"}:
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
    given = ChangesFilterSerializer(data=request.GET)
    if not given.is_valid():
        sentence = "; ".join(f"{name}: {errors[0]}" for name, errors in given.errors.items())
        return problem_response(request, status=422, code="invalid", detail=sentence)
    try:
        chosen = Filter.from_query({name: request.GET.getlist(name) for name in request.GET})
        missed = await _read(user, chosen, **given.validated_data)
    except ParallagonError as error:
        return problem_response(request, status=error.status, code=error.code, detail=error.message)
    return _response(request, missed, chosen)


def _response(request: HttpRequest, missed: Missed, chosen: Filter) -> HttpResponse:
    answer = json.dumps(_body(missed), cls=DjangoJSONEncoder)
    tag = etags.tag_of_facts(answer, chosen)
    response = (
        HttpResponse(status=304)
        if etags.names(request.headers.get("If-None-Match", ""), tag)
        else HttpResponse(answer, content_type="application/json")
    )
    response["ETag"] = tag
    response["Cache-Control"] = "private, no-cache"
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


async def _read(user: User, chosen: Filter, *, mission: int, after: int, wait: float) -> Missed:
    """Return what passes of the events after ``after``, once there is any or the time is up.

    Raises:
        ResourceNotFoundError: the person may not, or no longer, know of the mission.
    """
    await sync_to_async(selectors.membership)(user=user, mission_id=mission)
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    async with _listening(mission) as (room, arrival):
        look = sync_to_async(selectors.missed_events)
        missed = _passing(await look(mission_id=mission, after=after), chosen)
        while not _is_answer(missed) and (left := until - loop.time()) > 0:
            arrived_at = await arrival.wait(min(left, LOOK_AGAIN_SECONDS))
            standing = await room.standing(since=arrived_at)
            if standing is None or user.pk not in standing.roles:
                raise ResourceNotFoundError(
                    _("There is no such mission, or none that you may see.")
                )
            if standing.seq != missed.seq:
                news = await room.missed(missed.seq, reason=standing.seq)
                missed = _passing(news, chosen)
    return missed


def _is_answer(missed: Missed) -> bool:
    return bool(missed.events) or missed.must_resync


def _passing(missed: Missed, chosen: Filter) -> Missed:
    passing = tuple(event for event in missed.events if chosen.passes(event.type, event.data))
    return replace(missed, events=passing)


class _Arrival:
    """Wakes one who waits when something happens in the room."""

    def __init__(self) -> None:
        self._has_happened = asyncio.Event()
        self._at = 0.0

    def __call__(self, _message: Message) -> None:
        self._at = asyncio.get_running_loop().time()
        self._has_happened.set()

    async def wait(self, seconds: float) -> float:
        """Wait at most so long; return as of when it is worth looking (loop time)."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._has_happened.wait(), seconds)
        if self._has_happened.is_set():
            self._has_happened.clear()
            return self._at
        return asyncio.get_running_loop().time() - LOOK_AGAIN_SECONDS / 2


@asynccontextmanager
async def _listening(mission_id: int) -> AsyncIterator[tuple[Room, _Arrival]]:
    arrival = _Arrival()
    room = await enter(mission_id, arrival, within=0)
    try:
        yield room, arrival
    finally:
        await room.leave(arrival)


def _body(missed: Missed) -> dict[str, Any]:
    return {
        "results": [_frame(event) for event in missed.events],
        "seq": missed.seq,
        "oldest": missed.oldest,
        "must_resync": missed.must_resync,
    }


def _frame(event: Event) -> dict[str, Any]:
    return live.as_frame(event.type, event.data, at=event.at, seq=event.seq)
