"""What leaves: spans without secrets, in a thread that nobody waits for."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlsplit, urlunsplit

from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Link
from opentelemetry.trace.status import Status

from parallagon.core.scrubbing import scrub

_ADDRESSES: Final = frozenset({"http.url", "http.target", "url.full"})
_NEVER: Final = frozenset({"url.query"})


class ScrubbedExporter(SpanExporter):
    """Takes secrets, and queries of addresses, out of spans before another exporter gets them."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        return self._inner.export([_clean(span) for span in spans])

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self._inner.force_flush(timeout_millis)


def _clean(span: ReadableSpan) -> ReadableSpan:
    return ReadableSpan(
        name=scrub(span.name),
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes=_facts(span.attributes),
        events=[Event(one.name, _facts(one.attributes), one.timestamp) for one in span.events],
        links=[Link(one.context, _facts(one.attributes)) for one in span.links],
        kind=span.kind,
        status=Status(span.status.status_code, _sentence(span.status.description)),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )


def _sentence(description: str | None) -> str | None:
    return None if description is None else scrub(description)


def _facts(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    return {
        name: _without_query(value) if name in _ADDRESSES else _fact(value)
        for name, value in (facts or {}).items()
        if name not in _NEVER
    }


def _fact(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, (list, tuple)):
        return [_fact(one) for one in value]
    return value


def _without_query(value: Any) -> str:
    try:
        return scrub(urlunsplit(urlsplit(str(value))._replace(query="", fragment="")))
    except ValueError:
        return ""
