"""Traces: what happened between a click and what everyone sees of it.

The rest of Parallagon speaks to this module only. Nothing of OpenTelemetry is imported before a
process calls ``start`` with an endpoint set; until then each function here is one comparison.

A trace begins with a request or with a run, never with a tick, a query or a command to Redis by
itself. A change by a person and the runs that it wakes are one trace: the row of an agent, then of
its run, remembers where it came from (``origin``). What a run wakes follows it in a trace of its
own that is linked to it, since a team goes on for as long as it finds something to do.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from types import MappingProxyType
from typing import Final, Protocol

from django.core.exceptions import ImproperlyConfigured

ORIGIN_LENGTH: Final = 80
FOLLOWS: Final = "follows "
"""How an origin begins that is to be linked to, and not to be a part of."""
_PROTOCOL: Final = "http/protobuf"


class Span(Protocol):
    """One stretch of a trace."""

    def note(self, **facts: object) -> None:
        """Keep facts with it; ``None`` is left out."""


class Tracer(Protocol):
    """What ``tracing`` implements."""

    def span(
        self,
        name: str,
        facts: Mapping[str, object],
        *,
        origin: str | None,
        within: object,
        foreseen: tuple[type[Exception], ...],
        is_run: bool,
    ) -> AbstractContextManager[Span]: ...
    def origin(self) -> str: ...
    def carried(self) -> object: ...


class _Nothing:
    def note(self, **facts: object) -> None:
        """Keep nothing."""


_NO_FACTS: Final[Mapping[str, object]] = MappingProxyType({})
_NOTHING: Final = nullcontext(_Nothing())
_tracer: Tracer | None = None


def start(process: str, environment: Mapping[str, str]) -> None:
    """Begin to trace this process, if an endpoint is set; ``process`` says which one it is.

    Call it before Django's handler is made: that is when middleware is looked up.

    Raises:
        ImproperlyConfigured: traces would have to be sent by another protocol than HTTP.
    """
    if _tracer is None and _is_wanted(environment):
        from parallagon.core import tracing  # costs a second and 30 MB, for those who want it

        use(tracing.start(process, environment))


def use(tracer: Tracer | None) -> None:
    """Trace with this one from now on, or not at all."""
    global _tracer
    _tracer = tracer


def is_on() -> bool:
    return _tracer is not None


def span(
    name: str,
    facts: Mapping[str, object] = _NO_FACTS,
    *,
    origin: str | None = None,
    foreseen: tuple[type[Exception], ...] = (),
    is_run: bool = False,
) -> AbstractContextManager[Span]:
    """Trace a block, with facts such as ids.

    It is a part of what is going on, if anything is; with an ``origin``, of where that says that
    it came from, and an empty one begins a trace. What is raised makes it an error unless it was
    ``foreseen``.
    """
    if _tracer is None:
        return _NOTHING
    return _tracer.span(name, facts, origin=origin, within=None, foreseen=foreseen, is_run=is_run)


def origin() -> str:
    """Return what a row remembers of what is going on, so that another process can go on."""
    return "" if _tracer is None else _tracer.origin()


def origin_after(before: str) -> str:
    """Return the same for a row that has one and waits still: a person's counts before a run's.

    Otherwise a team at work, where each wakes the others, would take a person's trace away.
    """
    now = origin()
    return before if before and now.startswith(FOLLOWS) and not before.startswith(FOLLOWS) else now


def carried() -> object:
    """Return what another thread needs to go on, ``None`` when nothing is traced."""
    return None if _tracer is None else _tracer.carried()


def resumed(within: object, name: str, facts: Mapping[str, object]) -> AbstractContextManager[Span]:
    """Trace a block as a part of what ``carried`` was called in; nothing when that was nothing."""
    if _tracer is None or within is None:
        return _NOTHING
    return _tracer.span(name, facts, origin=None, within=within, foreseen=(), is_run=False)


def _is_wanted(environment: Mapping[str, str]) -> bool:
    def read(name: str) -> str:
        return environment.get(f"OTEL_{name}", "").strip()

    endpoint = read("EXPORTER_OTLP_TRACES_ENDPOINT") or read("EXPORTER_OTLP_ENDPOINT")
    if not endpoint or read("SDK_DISABLED").lower() == "true" or read("TRACES_EXPORTER") == "none":
        return False
    protocol = read("EXPORTER_OTLP_TRACES_PROTOCOL") or read("EXPORTER_OTLP_PROTOCOL")
    if protocol not in {"", _PROTOCOL}:
        raise ImproperlyConfigured(
            f"OTEL_EXPORTER_OTLP_PROTOCOL is “{protocol}”; traces are sent by {_PROTOCOL} only: "
            "leave it unset, and name the port that receives HTTP (usually 4318)."
        )
    return True
