"""Carry one call from the child to its upstream and the reply back, and judge it on the way."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Mapping
from contextlib import aclosing
from typing import Any

from aiohttp import web

from agents.gateway.answers import Answer, Question, Source
from agents.gateway.call import Call
from agents.gateway.child import Child
from agents.gateway.completeness import StreamJudge, read_body
from agents.gateway.failures import CallFailed
from agents.gateway.families import family_of
from agents.gateway.keys import Scrubber
from agents.gateway.replies import Tape
from agents.gateway.runs import Run

logger = logging.getLogger(__name__)


class Relay:
    """Answers calls."""

    def __init__(self, sources: Mapping[str, Source], scrubber: Scrubber) -> None:
        self._sources = sources
        self._scrubber = scrubber

    async def answer(
        self, request: web.Request, run: Run, body: Mapping[str, Any], *, is_stream: bool
    ) -> web.StreamResponse:
        """Return the response for the child, which has gone out already if all went well.

        Anything but a complete reply makes the run void.
        """
        call, child = Call(run, body), Child(request)
        try:
            call.open()
            async with asyncio.timeout(run.registration.allowance.ends_at - time.time()):
                return await self._relay(call, child, is_stream=is_stream)
        except CallFailed as error:
            failed = error
        except ConnectionError:
            failed = _left(run)
        except TimeoutError:
            failed = CallFailed("timeout", "the run's time was over")
        except asyncio.CancelledError:
            # The child left, the run was finished, or another call of it failed.
            await _to_its_end(self._give_up(call, child, _left(run)))
            raise
        except Exception as error:
            logger.exception("call %s of run %s failed here", call.number, run.run_id)
            failed = CallFailed("refused", f"the gateway itself failed ({type(error).__name__})")
        await _to_its_end(self._give_up(call, child, failed))
        return child.give_up()

    async def _give_up(self, call: Call, child: Child, failed: CallFailed) -> None:
        """Make the run void and record why, unless its reply was whole and only the child left."""
        if await call.is_recorded():
            return
        failed.clean(self._scrubber)
        call.run.make_void(failed.sentence, but=call.task)
        child.abort()
        logger.info("run %s is void: %s", call.run.run_id, failed.sentence)
        try:
            await call.fail(failed)
        except OSError:
            logger.exception("call %s of run %s not recorded", call.number, call.run.run_id)

    async def _relay(self, call: Call, child: Child, *, is_stream: bool) -> web.StreamResponse:
        registration = call.run.registration
        question = Question(
            upstream=registration.upstream,
            key=call.run.key,
            body=call.body,
            is_stream=is_stream,
            number=call.number,
        )
        answer = await self._sources[registration.upstream.kind].ask(question)
        call.tape = Tape(answer.content_type)
        relay = self._stream if is_stream else self._whole
        try:
            response = await relay(call, child, answer)
            await answer.settle()
        except BaseException:
            # Whatever ended this, cancellation included: a provider must not write on unheard.
            answer.drop()
            raise
        return response

    async def _stream(self, call: Call, child: Child, answer: Answer) -> web.StreamResponse:
        """Pass a stream on as it comes, all but its end, which waits for the verdict."""
        judge = StreamJudge(family_of(call.run.registration.upstream).new_reply())
        call.reply = judge.reply
        held = bytearray()
        await call.opened()
        async with aclosing(answer.chunks()) as chunks:
            async for chunk in chunks:
                judge.feed(chunk)
                call.hear(chunk)
                call.observe()
                held += chunk
                # Nothing goes on before the first event either: this may be a page of HTML.
                if judge.has_begun and not judge.reply.is_ending:
                    await child.send(bytes(held), answer.content_type)
                    held.clear()
                if judge.reply.is_done:
                    break
        judge.end()
        return await self._deliver(call, child, bytes(held), answer.content_type)

    async def _whole(self, call: Call, child: Child, answer: Answer) -> web.StreamResponse:
        """Pass a reply on that comes in one piece."""
        async with aclosing(answer.chunks()) as chunks:
            body = b"".join([chunk async for chunk in chunks])
        call.hear(body)
        await call.opened()
        call.reply = family_of(call.run.registration.upstream).new_reply()
        read_body(body, call.reply)
        call.observe()
        call.reply.judge()
        return await self._deliver(call, child, body, answer.content_type)

    async def _deliver(
        self, call: Call, child: Child, rest: bytes, content_type: str
    ) -> web.StreamResponse:
        """Record that the reply is complete, and only then pass its end on."""
        await call.complete()
        await child.send(rest, content_type)
        return await child.end()


async def _to_its_end(work: Coroutine[Any, Any, None]) -> None:
    """Do the work whatever cancels the waiting for it; a cancellation is raised afterwards."""
    task = asyncio.create_task(work)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError:
            is_cancelled = True
    task.result()
    if is_cancelled:
        raise asyncio.CancelledError


def _left(run: Run) -> CallFailed:
    return CallFailed("cut_off", run.void or "the run ended before the reply did")
