"""Follow one call from its beginning to its last record."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any

from agents.gateway.failures import CallFailed
from agents.gateway.families.base import Reply, Usage, input_characters
from agents.gateway.meter import estimate_tokens
from agents.gateway.protocol import NOTHING, CallRecord
from agents.gateway.replies import Tape
from agents.gateway.runs import Run


class Call:
    """One call while it is under way: what it said so far, what it cost, what is written of it."""

    def __init__(self, run: Run, body: Mapping[str, Any]) -> None:
        self.run = run
        self.number = len(run.records) + 1
        self.reply: Reply | None = None
        self.tape: Tape | None = None
        self.task = asyncio.current_task()  # who answers it
        self.body = body
        self._started_at = time.time()
        self._begun = time.monotonic()
        self._counted = 0
        self._charged = NOTHING
        self._told: tuple[int, Usage | None] = 0, None  # what is noted of the reply
        self._opening: asyncio.Task[None] | None = None
        self._closing: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Note that the call begins, before anyone is asked; the disk has it beside the wait.

        Raises CallFailed when the allowance does not cover one more call, which then is none:
        its record says why. Raises OSError.
        """
        # The question is counted before it is asked: runs that begin together share what is left.
        cost = self._cost(self._asked_tokens, 0, None) or NOTHING
        if sentence := self.run.meter.begin_call(cost):
            refused = CallFailed("over_allowance", sentence)
            self.run.records[self.number] = self._record(refused)
            raise refused
        self._charged = cost
        self._note(self._record())
        self._opening = asyncio.create_task(asyncio.to_thread(self._write_opening))

    async def opened(self) -> None:
        """Wait until the record of the beginning is safe. Raises OSError."""
        if self._opening is not None:
            await asyncio.shield(self._opening)

    def hear(self, chunk: bytes) -> None:
        """Keep bytes of the reply as they came, so that the run can be repeated."""
        if self.tape is not None:
            self.tape.add(chunk)

    def observe(self) -> None:
        """Charge what the reply has grown by, before it goes on: a crash loses nothing of it.

        Raises CallFailed when that is too much. Raises OSError.
        """
        sentence = self._charge()
        told = self._counted, self.reply.usage if self.reply else None
        if told != self._told:
            self._told = told
            self._note(self._record())
        if sentence:
            raise CallFailed("over_allowance", sentence, status=200)

    async def complete(self) -> None:
        """Record a complete reply; when this returns, its last bytes may go on. Raises OSError."""
        await self.opened()
        await self._close(self._record(is_complete=True))

    async def fail(self, failed: CallFailed) -> None:
        """Record why there is no complete reply. Raises OSError."""
        self._charge()
        await self.opened()
        await self._close(self._record(failed))

    async def is_recorded(self) -> bool:
        """Tell whether the last record is written, waiting for it where it is on its way."""
        if self._closing is None:
            return False
        await asyncio.wait([self._closing])
        return self._closing.exception() is None

    async def _close(self, record: CallRecord) -> None:
        self.run.records[self.number] = record
        self._closing = asyncio.create_task(asyncio.to_thread(self._write_closing, record))
        # A child that leaves now cancels us, not the writing.
        await asyncio.shield(self._closing)

    def _charge(self) -> str | None:
        tokens, cost = self._output_tokens() or 0, self._cost_so_far() or NOTHING
        grown, self._counted = tokens - self._counted, tokens
        dearer, self._charged = cost - self._charged, cost
        return self.run.meter.count(output_tokens=grown, cost=dearer)

    def _cost_so_far(self) -> Decimal | None:
        """Return what the reply costs; `None` where no price is known, or no reply began."""
        if self.reply is None:
            return None
        usage = self.reply.usage
        input_tokens = usage.input_tokens if usage else None
        if input_tokens is None:
            input_tokens = self._asked_tokens
        return self._cost(input_tokens, self._output_tokens(), usage)

    def _cost(
        self, input_tokens: int | None, output_tokens: int | None, usage: Usage | None
    ) -> Decimal | None:
        charge = self.run.registration.allowance.charge
        if charge is None or input_tokens is None:
            return None
        return charge.price.cost(
            input_tokens=input_tokens,
            output_tokens=output_tokens or 0,
            cached_tokens=(usage.cached_tokens if usage else None) or 0,
            cache_write_tokens=(usage.cache_write_tokens if usage else None) or 0,
        )

    @cached_property
    def _asked_tokens(self) -> int:
        return estimate_tokens(input_characters(self.body))

    def _note(self, record: CallRecord) -> None:
        self.run.records[self.number] = record
        self.run.files.note(record)

    def _write_opening(self) -> None:
        self.run.files.sync()
        self.run.files.tell({"call": self.number, "at": self._started_at, "request": self.body})

    def _write_closing(self, record: CallRecord) -> None:
        self.run.files.keep(record)
        self.run.files.tell(
            {
                "call": self.number,
                "at": self._started_at + record.seconds,
                "reply": self.reply.text if self.reply else None,
                "finish_reason": record.finish_reason,
                "failure": record.failure,
                "detail": record.detail,
            }
        )
        if record.is_complete and self.tape and self.reply:
            self.run.files.replay(self.number, self.tape, self.reply.text)

    def _record(self, failed: CallFailed | None = None, *, is_complete: bool = False) -> CallRecord:
        usage = self.reply.usage if self.reply else None
        input_tokens = usage.input_tokens if usage else None
        output_tokens = self._output_tokens()
        is_told = usage is not None and usage.output_tokens == output_tokens
        # What a provider tells in the middle of a reply is out of date with the next piece.
        is_told = is_told and (self.reply is None or self.reply.is_ending)
        if input_tokens is None and (failed is None or self.reply or failed.status == 200):
            is_told = False
            input_tokens = self._asked_tokens
        return CallRecord(
            number=self.number,
            started_at=self._started_at,
            seconds=round(time.monotonic() - self._begun, 4),
            status=200 if self.reply else failed.status if failed else None,
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            cached_tokens=usage.cached_tokens if usage else None,
            is_estimated=not is_told and input_tokens is not None,
            finish_reason=self.reply.finish_reason if self.reply else None,
            is_complete=is_complete,
            failure=failed.failure if failed else None,
            detail=failed.sentence if failed else "",
            cache_write_tokens=usage.cache_write_tokens if usage else None,
            retry_after=failed.retry_after if failed else None,
            **self._charged_with(input_tokens, self._cost(input_tokens, output_tokens, usage)),
        )

    def _charged_with(self, input_tokens: int | None, cost: Decimal | None) -> dict[str, Any]:
        """Return what a call costs and at which prices, as its record keeps it."""
        charge = self.run.registration.allowance.charge
        if charge is None or cost is None:
            return {}
        rates = charge.rates(input_tokens or 0)
        return {
            "cost": str(cost),
            "input_price": str(rates.input),
            "output_price": str(rates.output),
            "is_price_assumed": charge.is_assumed,
        }

    def _output_tokens(self) -> int | None:
        """Return the provider's count, or an estimate where it tells none (or a careless zero).

        Before the end it is the higher one of both: the provider may have told its count long ago.
        """
        if self.reply is None:
            return None
        told = self.reply.usage.output_tokens if self.reply.usage else None
        estimate = estimate_tokens(self.reply.characters)
        return told or estimate if self.reply.is_ending else max(told or 0, estimate)
