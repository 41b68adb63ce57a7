"""A call that goes well: what the provider gets, what the child gets, what is recorded."""

from __future__ import annotations

from gateway_provider import ScriptedProvider, whole_stream
from gateway_run import StartRun


class TestStreamedCall:
    def test_passes_the_providers_bytes_on_unchanged(
        self, provider: ScriptedProvider, start_run: StartRun
    ) -> None:
        run = start_run()

        outcome = run.child.call()

        sent = b"".join(step for step in whole_stream() if isinstance(step, bytes))
        events = [line for line in sent.split(b"\r\n") if line.startswith(b"data:")]
        assert outcome.status == 200
        assert not outcome.is_broken_off
        assert outcome.body == b"".join(events)
