"""Answer the child that called: pass bytes on, refuse, or break off."""

from __future__ import annotations

import socket
import struct

from aiohttp import web

from agents.gateway.families.errors import error_body

# Neither of these may carry what the provider said: LiteLLM looks for words such as "rate limit"
# in any error and tries again, whatever the status.
RUN_IS_OVER = "This run may not call models any more."
NO_LINGER = struct.pack("ii", 1, 0)


class Child:
    """The connection on which the reply goes back."""

    def __init__(self, request: web.Request) -> None:
        self._request = request
        self._response: web.StreamResponse | None = None

    async def send(self, chunk: bytes, content_type: str) -> None:
        """Pass bytes on. Raises ConnectionError when the child has left."""
        if self._response is None:
            headers = {"Content-Type": content_type, "Cache-Control": "no-store"}
            self._response = web.StreamResponse(headers=headers)
            await self._response.prepare(self._request)
        await self._response.write(chunk)

    async def end(self) -> web.StreamResponse:
        """End a whole reply cleanly. Raises ConnectionError when the child has left."""
        assert self._response is not None, "a whole reply has bytes"  # noqa: S101
        await self._response.write_eof()
        return self._response

    def abort(self) -> None:
        """Reset the connection when a reply has begun: a clean end would look like a whole one."""
        if self._response is None or self._request.transport is None:
            return
        transport = self._request.transport
        raw: socket.socket | None = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        transport.abort()

    def give_up(self) -> web.StreamResponse:
        """Break a reply off that has begun; refuse otherwise."""
        if self._response is not None:
            self.abort()
            return self._response
        return refusal(400, RUN_IS_OVER, code="run_is_over")


def refusal(status: int, sentence: str, *, code: str) -> web.Response:
    """Return an error that the child's client understands and does not repeat."""
    return web.json_response(error_body(sentence, code), status=status)
