"""Which traces begin at all."""

from collections.abc import Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.sdk.trace.sampling import Decision, Sampler, SamplingResult
from opentelemetry.trace import Link, SpanKind, TraceState, get_current_span
from opentelemetry.util.types import Attributes

_OF_OTHERS: Final = frozenset({SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER})


class OnlyAsked(Sampler):
    """Lets a trace begin with a request, or with what our own code begins; then asks another one.

    A tick of the clock, a query or a command to Redis begins none: there are some every second,
    and nobody would look for them.
    """

    def __init__(self, inner: Sampler) -> None:
        self._inner = inner

    def should_sample(
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        parent = get_current_span(parent_context).get_span_context()
        is_part_of_nothing = parent.is_valid and not (
            parent.is_remote or parent.trace_flags.sampled
        )
        if is_part_of_nothing or (not parent.is_valid and kind in _OF_OTHERS):
            return SamplingResult(Decision.DROP)
        return self._inner.should_sample(
            parent_context, trace_id, name, kind, attributes, links, trace_state
        )

    def get_description(self) -> str:
        return f"OnlyAsked({self._inner.get_description()})"
