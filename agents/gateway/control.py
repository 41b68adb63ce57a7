"""Take the worker's orders, inside the gateway process.

One JSON object a line, both ways: orders {"id", "do", …}, their answers {"answer": id, "result" or
"error"}, and what the gateway says by itself ({"event": …}).
"""

from __future__ import annotations

import asyncio
import json
import logging
from typing import Any

from agents.gateway.protocol import Registration, RegistrationRefused
from agents.gateway.runs import Runs

logger = logging.getLogger(__name__)

LONGEST_LINE = 16 * 1024 * 1024


class Control:
    """The gateway's end of the socket pair."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._tasks: set[asyncio.Task[None]] = set()

    def say(self, **values: object) -> None:
        """Send something to the worker."""
        if not self._writer.is_closing():
            self._writer.write(json.dumps(values).encode() + b"\n")

    def say_void(self, run_id: str, sentence: str) -> None:
        """Tell the worker that nothing of this run may be taken."""
        self.say(event="void", run_id=run_id, sentence=sentence)

    async def serve(self, runs: Runs) -> None:
        """Carry out orders until the worker is gone."""
        while line := await self._next():
            # A task each: finishing a run may wait for its calls, and others must not wait with it.
            # Tasks begin in order, and only that wait lets another one come between.
            task = asyncio.create_task(self._carry_out(json.loads(line), runs))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _next(self) -> bytes:
        try:
            return await self._reader.readline()
        except ConnectionError:
            return b""

    async def _carry_out(self, order: dict[str, Any], runs: Runs) -> None:
        try:
            result = await _do(order, runs)
        except RegistrationRefused as error:
            self.say(answer=order["id"], error=str(error))
        except KeyError as error:
            self.say(answer=order["id"], error=f"There is no run {error}.")
        except Exception as error:
            # Unanswered, the worker would take this process for one that hangs.
            logger.exception("an order failed")
            self.say(answer=order["id"], error=f"The gateway failed ({type(error).__name__}).")
        else:
            self.say(answer=order["id"], result=result)


async def _do(order: dict[str, Any], runs: Runs) -> object:
    match order["do"]:
        case "register":
            runs.register(Registration.from_json(order["registration"]))
            return None
        case "report":
            return runs.report(order["run_id"]).to_json()
        case "finish":
            return (await runs.finish(order["run_id"])).to_json()
        case _:
            return {"runs": len(runs), "calls": runs.calls_under_way}
