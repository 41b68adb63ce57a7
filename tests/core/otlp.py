"""Who receives traces: a real server for OTLP over HTTP, which decodes what it is sent."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True, kw_only=True)
class Received:
    """One span as it arrived."""

    name: str
    service: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    facts: dict[str, Any]
    is_error: bool


class Receiver:
    """A context: while it is open, spans sent to ``url`` are in ``spans``, their bytes in ``raw``.

    ``answers``: whether it does; else it takes requests and keeps whoever sent them waiting.
    """

    def __init__(self, *, answers: bool = True) -> None:
        self.spans: list[Received] = []
        self.raw: list[bytes] = []
        self.may_answer = threading.Event()
        if answers:
            self.may_answer.set()
        self._changed = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.may_answer.wait(30)
                receiver.take(self.path, body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.may_answer.set()
        self._server.shutdown()
        self._server.server_close()

    def take(self, path: str, body: bytes) -> None:
        assert path == "/v1/traces"
        request = ExportTraceServiceRequest()
        request.ParseFromString(body)
        found = [
            _read(span, _facts(group.resource.attributes)["service.name"])
            for group in request.resource_spans
            for scope in group.scope_spans
            for span in scope.spans
        ]
        with self._changed:
            self.raw.append(body)
            self.spans += found
            self._changed.notify_all()

    def wait_for(self, condition: Callable[[list[Received]], bool], *, within: float = 30) -> bool:
        """Wait until what has arrived is enough; return whether it is."""
        with self._changed:
            return self._changed.wait_for(lambda: condition(self.spans), within)

    def named(self, name: str) -> list[Received]:
        return [span for span in self.spans if span.name == name]


def _read(span: Any, service: str) -> Received:
    return Received(
        name=span.name,
        service=service,
        trace=span.trace_id.hex(),
        id=span.span_id.hex(),
        parent=span.parent_span_id.hex(),
        links=tuple(link.trace_id.hex() for link in span.links),
        facts=_facts(span.attributes),
        is_error=span.status.code == 2,  # noqa: PLR2004, RUF100 - STATUS_CODE_ERROR
    )


def _facts(attributes: Any) -> dict[str, Any]:
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
