"""Our own spans, and how a trace goes on in another thread or another process."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import Link, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from parallagon.core.telemetry import FOLLOWS

_RUN: Final = contexts.create_key("run")
_W3C: Final = TraceContextTextMapPropagator()


def current_trace() -> str | None:
    """Return the id of the trace that is going on."""
    span = trace.get_current_span().get_span_context()
    return trace.format_trace_id(span.trace_id) if span.is_valid else None


class OpenTelemetrySpan:
    """A span of ours."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def note(self, **facts: object) -> None:
        for name, value in facts.items():
            if value is not None:
                is_plain = isinstance(value, (bool, int, float, str))
                self._span.set_attribute(f"parallagon.{name}", value if is_plain else str(value))  # type: ignore[arg-type] # plain is what it takes


_NOBODYS: Final = OpenTelemetrySpan(trace.INVALID_SPAN)


class OpenTelemetryTracer:
    """Makes our spans; ``telemetry`` says what each method promises."""

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer("parallagon")

    @contextmanager
    def span(
        self,
        name: str,
        facts: Mapping[str, object],
        *,
        origin: str | None,
        within: object,
        foreseen: tuple[type[Exception], ...],
        is_run: bool,
    ) -> Iterator[OpenTelemetrySpan]:
        parent, links = _read(origin)
        if isinstance(within, Context):
            parent = within
        elif origin is None and self.carried() is None:
            yield _NOBODYS
            return
        made = self._tracer.start_span(name, context=parent, links=links)
        whole = trace.set_span_in_context(made, parent)
        token = contexts.attach(contexts.set_value(_RUN, True, whole) if is_run else whole)
        try:
            span = OpenTelemetrySpan(made)
            span.note(**facts)
            yield span
        except Exception as error:
            span.note(ended_by=type(error).__name__)
            if not isinstance(error, foreseen):
                made.record_exception(error)
                made.set_status(StatusCode.ERROR, type(error).__name__)
            raise
        finally:
            contexts.detach(token)
            made.end()

    def origin(self) -> str:
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        parent = carrier.get("traceparent", "")
        return f"{FOLLOWS}{parent}" if parent and contexts.get_value(_RUN) else parent

    def carried(self) -> object:
        is_traced = trace.get_current_span().get_span_context().is_valid
        return contexts.get_current() if is_traced else None


def _read(origin: str | None) -> tuple[Context | None, list[Link]]:
    """Return what an origin makes the parent of a span, and what it is linked to."""
    if origin is None:
        return None, []
    parent = _W3C.extract({"traceparent": origin.removeprefix(FOLLOWS)}, context=Context())
    if not origin.startswith(FOLLOWS):
        return parent, []
    return Context(), [Link(trace.get_current_span(parent).get_span_context())]
