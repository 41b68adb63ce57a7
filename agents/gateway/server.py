"""Run the gateway process: python -m agents.gateway.server --control FD.

It lives as long as its control socket: when the worker goes, however it goes, the gateway ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import signal
import socket
from collections.abc import Mapping

import aiohttp
from aiohttp import web

from agents.gateway.answers import Source
from agents.gateway.control import LONGEST_LINE, Control
from agents.gateway.door import make_app
from agents.gateway.families import FAMILIES
from agents.gateway.http_upstream import HttpUpstream
from agents.gateway.keys import Scrubber, ScrubbingFormatter
from agents.gateway.offline_upstream import OfflineUpstream, read_pace
from agents.gateway.protocol import Bounds
from agents.gateway.relay import Relay
from agents.gateway.replay_upstream import ReplayUpstream
from agents.gateway.runs import Runs

HOST = "127.0.0.1"


def main() -> None:
    """Serve until the control socket ends."""
    parser = argparse.ArgumentParser(prog="parallagon-gateway")
    parser.add_argument("--control", type=int, required=True, help="descriptor of the socket pair")
    parser.add_argument("--port", type=int, default=0, help="port to use if it is free")
    parser.add_argument("--bounds", type=json.loads, default={}, help="Bounds as JSON")
    options = parser.parse_args()
    # Ctrl-C and a supervisor's SIGTERM reach the whole process group. Runs that the worker is still
    # bringing to their end need their gateway until then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    asyncio.run(_serve(socket.socket(fileno=options.control), options.port, options.bounds))


async def _serve(control_socket: socket.socket, port: int, bounds: Mapping[str, float]) -> None:
    scrubber = Scrubber()
    _log_to_stderr(scrubber)
    streams = await asyncio.open_connection(sock=control_socket, limit=LONGEST_LINE)
    control = Control(*streams)
    try:
        pace = read_pace(os.environ)
    except ValueError as error:
        control.say(event="failed", sentence=str(error))
        return
    runs = Runs(environment=os.environ, scrubber=scrubber, on_void=control.say_void)
    limits = Bounds(**bounds)  # type: ignore[arg-type]  # written by the client from a Bounds
    async with _session(limits) as session:
        sources: dict[str, Source] = {
            **dict.fromkeys(FAMILIES, HttpUpstream(session, limits)),
            "offline": OfflineUpstream(pace=pace),
            "replay": ReplayUpstream(),
        }
        app = make_app(runs, Relay(sources, scrubber), limits)
        # A child that leaves cancels its handler, which drops the provider.
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=1)
        await runner.setup()
        control.say(event="listening", port=await _listen(runner, port))
        await control.serve(runs)
        await runs.end()
        await runner.cleanup()


def _session(bounds: Bounds) -> aiohttp.ClientSession:
    # Proxies come from the environment, but a netrc file must never replace a key.
    os.environ["NETRC"] = os.devnull
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=bounds.connect_seconds),
        trust_env=True,
    )


async def _listen(runner: web.AppRunner, port: int) -> int:
    """Listen on loopback, on this port if it is free, and return the port."""
    try:
        await web.TCPSite(runner, HOST, port).start()
    except OSError:
        await web.TCPSite(runner, HOST, 0).start()
    return int(runner.addresses[0][1])


def _log_to_stderr(scrubber: Scrubber) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(ScrubbingFormatter(scrubber))
    logging.basicConfig(level=os.environ.get("LOG_LEVEL", "INFO").upper(), handlers=[handler])


if __name__ == "__main__":
    main()
