"""Spans for what is not ours: requests, tasks, Redis, the database."""

from collections.abc import Callable
from typing import Any, Final

from django.db.backends.signals import connection_created
from opentelemetry import trace
from opentelemetry.instrumentation.celery import CeleryInstrumentor
from opentelemetry.instrumentation.django import DjangoInstrumentor
from opentelemetry.instrumentation.redis import RedisInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind

LONGEST_STATEMENT: Final = 2000


def instrument(provider: TracerProvider) -> None:
    """Trace them in this process, from now on."""
    for instrumentor in (DjangoInstrumentor, CeleryInstrumentor, RedisInstrumentor):
        instrumentor().instrument(tracer_provider=provider)
    queries = Queries(provider)
    connection_created.connect(queries.follow, dispatch_uid="traces", weak=False)


class Queries:
    """Traces what Django sends to any database; values never leave, statements are cut.

    By Django's own door and not by another class of connection: that works for each database.
    """

    def __init__(self, provider: TracerProvider) -> None:
        self._tracer = provider.get_tracer(__name__)

    def follow(self, connection: Any, **_: Any) -> None:
        """Trace a connection; once, however often it connects."""
        if self.trace not in connection.execute_wrappers:
            connection.execute_wrappers.append(self.trace)

    def trace(
        self, execute: Callable[..., Any], sql: Any, params: Any, many: bool, context: Any
    ) -> Any:
        if not trace.get_current_span().is_recording():
            return execute(sql, params, many, context)
        statement = str(sql)[:LONGEST_STATEMENT]
        facts = {"db.system": context["connection"].vendor, "db.statement": statement}
        verb = statement.split(maxsplit=1)[0].upper() if statement.strip() else "QUERY"
        with self._tracer.start_as_current_span(verb, kind=SpanKind.CLIENT, attributes=facts):
            return execute(sql, params, many, context)
