"""Traces by OpenTelemetry; imported by ``telemetry.start`` and only where traces are wanted."""

import atexit
import os
import socket
from collections.abc import Mapping
from functools import partial
from typing import Final

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from parallagon.core import logging
from parallagon.core.tracing.exporting import ScrubbedExporter
from parallagon.core.tracing.sampling import OnlyAsked
from parallagon.core.tracing.tracer import OpenTelemetryTracer, current_trace

__all__ = ["provider_of", "start"]

PATIENCE: Final = "3"
"""Seconds for one batch. Nobody waits for it but the thread that sends."""
LAST_PATIENCE: Final = 4000
"""Milliseconds at the end of a process, which is killed after ten seconds."""
NOT_TRACED: Final = "health/live,health/ready,metrics,static/"


def start(process: str, environment: Mapping[str, str]) -> OpenTelemetryTracer:
    """Trace this process for as long as it lives."""
    _publish(environment)
    # Not before: which addresses are left out is read from the environment at the import.
    from parallagon.core.tracing.instruments import instrument

    provider = provider_of(process, ScrubbedExporter(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    instrument(provider)
    logging.always["trace"] = current_trace
    return OpenTelemetryTracer(provider)


def provider_of(process: str, exporter: SpanExporter) -> TracerProvider:
    """Return what makes spans: sampled as the usual variables say, sent in batches.

    The queue is bounded (``OTEL_BSP_MAX_QUEUE_SIZE``): when nobody takes the spans the oldest are
    dropped. A forked child has a thread and an empty queue of its own.
    """
    name = os.environ.get("OTEL_SERVICE_NAME") or "parallagon"
    resource = Resource.create(
        {
            "service.name": f"{name}-{process}",
            "service.namespace": name,
            "service.instance.id": f"{socket.gethostname()}:{os.getpid()}",
        }
    )
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.sampler = OnlyAsked(provider.sampler)
    processor = BatchSpanProcessor(exporter)
    provider.add_span_processor(processor)
    atexit.register(partial(processor._batch_processor.shutdown, LAST_PATIENCE))  # noqa: SLF001 - the public one waits for 30 s
    return provider


def _publish(environment: Mapping[str, str]) -> None:
    """Let OpenTelemetry, which reads the process's own variables, know those of ``.env`` too."""
    for name, value in environment.items():
        if name.startswith("OTEL_"):
            os.environ.setdefault(name, value)
    os.environ.setdefault("OTEL_EXPORTER_OTLP_TIMEOUT", PATIENCE)
    os.environ.setdefault("OTEL_PYTHON_DJANGO_EXCLUDED_URLS", NOT_TRACED)
