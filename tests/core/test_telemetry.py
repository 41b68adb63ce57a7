"""Traces: off and free by default, whole when on, and never in anybody's way."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from parallagon.core import live, telemetry
from parallagon.core.errors import Conflict
from parallagon.core.tracing import provider_of
from parallagon.core.tracing.exporting import ScrubbedExporter
from parallagon.core.tracing.instruments import Queries
from parallagon.core.tracing.tracer import OpenTelemetryTracer, current_trace
from tests.core.otlp import Receiver

ROOT = telemetry.__file__.rsplit("/parallagon/", 1)[0]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as one:
        yield one


@pytest.fixture
def provider(receiver: Receiver) -> Iterator[TracerProvider]:
    exporter = OTLPSpanExporter(endpoint=f"{receiver.url}/v1/traces", timeout=2)
    made = provider_of("test", ScrubbedExporter(exporter))
    telemetry.use(OpenTelemetryTracer(made))
    yield made
    telemetry.use(None)
    made.shutdown()


class TestOff:
    def test_nothing_is_imported_and_nothing_kept(self):
        program = (
            "import sys, django; django.setup(); import celery_app, parallagon.asgi\n"
            "from parallagon.core import telemetry\n"
            "assert not telemetry.is_on()\n"
            # Redis imports some of OpenTelemetry wherever it is installed; that is not ours.
            "parts = ('parallagon.core.tracing', 'opentelemetry.instrumentation', "
            "'opentelemetry.exporter')\n"
            "assert not [name for name in sys.modules if name.startswith(parts)]"
        )
        environment = {name: value for name, value in os.environ.items() if "OTEL" not in name}

        subprocess.run([sys.executable, "-c", program], cwd=ROOT, env=environment, check=True)

    def test_every_span_is_the_same_one(self):
        with telemetry.span("a", origin="") as first, telemetry.span("b") as second:
            first.note(fact=1)

        assert first is second
        assert (telemetry.origin(), telemetry.carried()) == ("", None)

    @pytest.mark.parametrize(
        "environment",
        [
            {},
            {"OTEL_EXPORTER_OTLP_ENDPOINT": " "},
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4318", "OTEL_SDK_DISABLED": "true"},
            {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4318", "OTEL_TRACES_EXPORTER": "none"},
        ],
    )
    def test_is_what_the_usual_variables_say(self, environment: dict[str, str]):
        telemetry.start("test", environment)

        assert not telemetry.is_on()

    def test_another_protocol_is_refused_with_what_to_set(self):
        environment = {
            "OTEL_EXPORTER_OTLP_ENDPOINT": "http://x:4317",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc",
        }

        with pytest.raises(ImproperlyConfigured, match="http/protobuf"):
            telemetry.start("test", environment)


class TestSpans:
    def test_arrive_with_their_facts_and_parents(
        self, provider: TracerProvider, receiver: Receiver
    ):
        with telemetry.span("whole", {"mission": 3, "none": None}, origin="") as whole:
            trace = current_trace()
            with telemetry.span("part"):
                whole.note(outcome="changed")
        provider.force_flush()

        [whole_span], [part] = receiver.named("whole"), receiver.named("part")
        assert whole_span.facts == {"parallagon.mission": 3, "parallagon.outcome": "changed"}
        assert (part.parent, part.trace, whole_span.trace) == (whole_span.id, trace, trace)
        assert whole_span.service == "parallagon-test"

    def test_a_part_of_nothing_is_no_trace(self, provider: TracerProvider, receiver: Receiver):
        with telemetry.span("part"):
            assert current_trace() is None
        provider.force_flush()

        assert receiver.spans == []

    def test_what_was_foreseen_is_no_error(self, provider: TracerProvider, receiver: Receiver):
        for error in (Conflict("someone was faster"), ValueError("no")):
            with (
                pytest.raises(type(error)),
                telemetry.span(type(error).__name__, origin="", foreseen=(Conflict,)),
            ):
                raise error
        provider.force_flush()

        assert [span.is_error for span in receiver.named("Conflict")] == [False]
        assert [span.is_error for span in receiver.named("ValueError")] == [True]
        assert receiver.named("Conflict")[0].facts["parallagon.ended_by"] == "Conflict"

    def test_go_on_in_another_process(self, provider: TracerProvider, receiver: Receiver):
        with telemetry.span("request", origin=""):
            origin = telemetry.origin()
        with telemetry.span("cycle", origin=origin, is_run=True):
            following = telemetry.origin()
        with telemetry.span("next", origin=following):
            pass
        provider.force_flush()

        [request], [cycle], [following_run] = (
            receiver.named(name) for name in ("request", "cycle", "next")
        )
        assert (cycle.trace, cycle.parent) == (request.trace, request.id)
        assert following_run.trace != request.trace
        assert (following_run.parent, following_run.links) == ("", (request.trace,))
        assert max(len(origin), len(following)) <= telemetry.ORIGIN_LENGTH

    def test_of_a_person_are_not_taken_away_by_a_run(self, provider: TracerProvider):
        with telemetry.span("request", origin=""):
            of_person = telemetry.origin_after("")
        with telemetry.span("cycle", origin="", is_run=True):
            of_run = telemetry.origin_after("")

            assert telemetry.origin_after(of_person) == of_person
            assert telemetry.origin_after("follows 00-0-0-0") == of_run
        with telemetry.span("request", origin=""):
            assert telemetry.origin_after(of_run) == telemetry.origin()
            assert telemetry.origin_after(of_person) == telemetry.origin()

    @pytest.mark.parametrize(
        "origin", ["", "00-nonsense", "follows ", "follows 00-0-0-0", "é" * 80]
    )
    def test_begin_a_trace_where_an_origin_cannot_be_read(
        self, provider: TracerProvider, receiver: Receiver, origin: str
    ):
        with telemetry.span("run", origin=origin):
            pass
        provider.force_flush()

        assert [span.parent for span in receiver.named("run")] == [""]

    def test_of_a_frame_are_a_part_of_what_sent_it(
        self, provider: TracerProvider, receiver: Receiver
    ):
        with telemetry.span("request", origin=""):
            live.send("mission.1", "{}", seq=7)
            live.send("mission.1", "{}")
        provider.force_flush()

        [frame] = receiver.named("broadcast")
        assert frame.parent == receiver.named("request")[0].id
        assert frame.facts["parallagon.seq"] == 7

    @pytest.mark.django_db
    def test_of_queries_hold_no_values(self, provider: TracerProvider, receiver: Receiver):
        queries = Queries(provider)
        queries.follow(connection)
        queries.follow(connection)
        try:
            with telemetry.span("request", origin=""), connection.cursor() as cursor:
                cursor.execute("SELECT %s", ["what-a-person-wrote"])
        finally:
            connection.execute_wrappers.remove(queries.trace)
        provider.force_flush()

        [query] = receiver.named("SELECT")
        assert query.facts["db.statement"] == "SELECT %s"
        assert b"what-a-person-wrote" not in b"".join(receiver.raw)

    def test_hold_no_secrets(self, provider: TracerProvider, receiver: Receiver):
        facts: dict[str, Any] = {
            "header": "Bearer canary4f1d0e6b7c",
            "list": ["sk-canary4f1d0e6b7c"],
        }
        with (
            pytest.raises(ValueError, match="canary"),
            telemetry.span("GET /?sesame=canary4f1d0e6b7c", facts, origin=""),
        ):
            raise ValueError("the key sk-canary4f1d0e6b7c is refused")
        tracer = provider.get_tracer("other")
        with tracer.start_as_current_span("http", attributes={"http.url": "http://x/a?q=canary4f"}):
            pass
        provider.force_flush()

        assert len(receiver.spans) == 2
        assert b"canary4f" not in b"".join(receiver.raw)


class Stuck(SpanExporter):
    """An exporter that waits until it is let go, however long that takes."""

    def __init__(self) -> None:
        self.is_at_work, self.may_go_on = threading.Event(), threading.Event()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.is_at_work.set()
        self.may_go_on.wait()
        return SpanExportResult.FAILURE


class TestReceiverThatIsDown:
    @pytest.mark.timeout(30)
    def test_keeps_nobody_waiting(self):
        stuck = Stuck()
        made = provider_of("test", stuck)
        telemetry.use(OpenTelemetryTracer(made))
        ended = 0
        try:
            while ended < 3000 or not stuck.is_at_work.is_set():  # more than the queue holds
                with telemetry.span("request", origin=""):
                    pass
                ended += 1
            was_waiting_still = not stuck.may_go_on.is_set()
        finally:
            telemetry.use(None)
            stuck.may_go_on.set()
            made.shutdown()

        assert was_waiting_still
