"""Ask providers over HTTP."""

from __future__ import annotations

import asyncio
import email.utils
import os
import random
import time
from collections.abc import AsyncGenerator, Mapping

import aiohttp

from agents.gateway.answers import Question
from agents.gateway.failures import CallFailed, with_detail
from agents.gateway.families import family_of
from agents.gateway.families.errors import failure_of_answer
from agents.gateway.families.openai import refuses_usage_option
from agents.gateway.protocol import Bounds

# An error's body is read up to here: enough for every provider's JSON, and for the start of a page.
ERROR_BYTES = 64 * 1024
SETTLE_SECONDS = 1.0
JITTER = 0.2  # of a pause


class HttpAnswer:
    """A provider's reply that has begun."""

    def __init__(self, response: aiohttp.ClientResponse, bounds: Bounds) -> None:
        self.content_type = response.headers.get("Content-Type", "application/json")
        self._response = response
        self._bounds = bounds

    async def chunks(self) -> AsyncGenerator[bytes, None]:
        """Yield the raw bytes as they arrive. Raises CallFailed when they break off."""
        size = 0
        while True:
            chunk = await self._next()
            if not chunk:
                return
            size += len(chunk)
            if size > self._bounds.reply_bytes:
                sentence = with_detail(
                    "malformed", f"it has more than {self._bounds.reply_bytes} bytes"
                )
                raise CallFailed("malformed", sentence, status=200)
            yield chunk

    async def _next(self) -> bytes:
        try:
            async with asyncio.timeout(self._bounds.silence_seconds):
                return await self._response.content.readany()
        except TimeoutError as error:
            sentence = "the provider fell silent in the middle of its reply"
            raise CallFailed("timeout", sentence, status=200) from error
        except (aiohttp.ClientError, OSError) as error:
            raise CallFailed("cut_off", status=200) from error

    async def settle(self) -> None:
        """Read the last few bytes, so that the connection can serve the next call."""
        try:
            async with asyncio.timeout(SETTLE_SECONDS):
                while await self._response.content.readany():
                    pass
        except (TimeoutError, aiohttp.ClientError, OSError):
            self.drop()

    def drop(self) -> None:
        """Close the connection at once, so that the provider stops writing (and charging)."""
        self._response.close()


class HttpUpstream:
    """Providers of every family."""

    def __init__(self, session: aiohttp.ClientSession, bounds: Bounds) -> None:
        self._session = session
        self._bounds = bounds
        # Servers that refuse to be asked for usage in a stream, learned from their refusal.
        self._without_usage: set[str] = set()

    async def ask(self, question: Question) -> HttpAnswer:
        """Return the reply that begins, after at most `bounds.tries` tries. Raises CallFailed."""
        pause = self._bounds.first_pause
        tries = 0
        while True:
            tries += 1
            try:
                return await self._try(question)
            except CallFailed as failed:
                wait = pause if failed.retry_after is None else failed.retry_after
                is_last = tries >= self._bounds.tries or wait > self._bounds.longest_pause
                if is_last or not failed.is_transient:
                    failed.tries = tries
                    raise
            # Never earlier than was asked for; not in the same instant as others that were refused.
            await asyncio.sleep(wait * (1 + JITTER * random.random()))  # noqa: S311 - no secret
            pause *= 2

    async def _try(self, question: Question) -> HttpAnswer:
        """Return the reply that begins; ask again without usage where that is refused."""
        base_url = question.upstream.base_url
        asks_usage = family_of(question.upstream).asks_usage and base_url not in self._without_usage
        response = await self._post(question, asks_usage=asks_usage)
        if response.status == 200:
            return HttpAnswer(response, self._bounds)
        body = await self._error_body(response)
        if asks_usage and refuses_usage_option(response.status, body):
            self._without_usage.add(base_url)
            return await self._try(question)
        failed = failure_of_answer(response.status, body)
        asked = retry_after(response.headers, now=time.time())
        failed.retry_after = failed.retry_after if asked is None else asked
        raise failed

    async def _post(self, question: Question, *, asks_usage: bool) -> aiohttp.ClientResponse:
        upstream, is_stream = question.upstream, question.is_stream
        family = family_of(upstream)
        try:
            async with asyncio.timeout(self._bounds.first_byte_seconds):
                return await self._session.post(
                    family.url(upstream, is_stream=is_stream),
                    data=family.outgoing_body(question.body, upstream.model, asks_usage=asks_usage),
                    headers=family.headers(upstream, question.key, is_stream=is_stream),
                    allow_redirects=False,
                )
        except aiohttp.InvalidURL as error:
            sentence = with_detail("unreachable", "its address is not a URL")
            raise CallFailed("unreachable", sentence) from error
        except aiohttp.ClientResponseError as error:
            raise CallFailed("malformed", with_detail("malformed", "it is not HTTP")) from error
        except (aiohttp.ClientError, ConnectionError) as error:
            sentence = with_detail("unreachable", _reason(error))
            raise CallFailed("unreachable", sentence, is_transient=True) from error
        except TimeoutError as error:
            # Not tried again: a provider that hangs would eat the run's whole time.
            raise CallFailed("timeout") from error

    async def _error_body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        try:
            async with asyncio.timeout(self._bounds.connect_seconds):
                while chunk := await response.content.readany():
                    body += chunk
                    if len(body) > ERROR_BYTES:
                        break
        except (TimeoutError, aiohttp.ClientError, OSError):
            pass  # the status alone says enough
        finally:
            response.close()
        return bytes(body[:ERROR_BYTES])


def _reason(error: Exception) -> str:
    """Return why no answer came, without addresses and traces."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return "its name is unknown"
    if isinstance(error, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
        return "no secure connection could be made"
    if isinstance(error, TimeoutError):
        return "no connection in time"
    if isinstance(error, aiohttp.ClientConnectorError):
        # asyncio's own text carries the address.
        return os.strerror(error.os_error.errno or 0).lower()
    return "it closed the connection before it answered"


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Return how many seconds the provider asks to wait, from 0; `None` when it does not say."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("Retry-After", "").strip()
    seconds = _number(value)
    if seconds is not None or not value:
        return seconds
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, OverflowError):
        return None


def _number(value: str) -> float | None:
    """Return a finite number from 0, or `None`."""
    try:
        number = float(value)
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None
