"""Ask servers of the installation's own (Ollama, vLLM, LM Studio …) which models they have."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from agents.gateway.families import FAMILIES
from agents.gateway.providers import FamilyName

ANSWER_SECONDS = 1.0
# A server that lets its answer drip is not waited for either.
ALL_SECONDS = 1.5
KEPT_SECONDS = 30.0
LONGEST_ANSWER = 1024 * 1024
MOST_MODELS = 200


@dataclass(frozen=True, kw_only=True)
class Server:
    """Whom to ask, in the words of its family."""

    base_url: str
    family: FamilyName = "openai"
    key: str | None = field(default=None, repr=False)


_kept: dict[Server, tuple[float, tuple[str, ...]]] = {}
_keeping = threading.Lock()


def ask_all(servers: Mapping[str, Server]) -> dict[str, tuple[str, ...]]:
    """Return the models of each server; none for one that does not answer within a second.

    Answers are kept for half a minute, also when they are none.
    """
    missing = [server for server in servers.values() if _known(server) is None]
    # Daemons: a server that never ends its answer must not hold up the end of this process.
    asking = [threading.Thread(target=_learn, args=(one,), daemon=True) for one in missing]
    for thread in asking:
        thread.start()
    until = time.monotonic() + ALL_SECONDS
    for thread in asking:
        thread.join(max(0.0, until - time.monotonic()))
    for server in missing:
        if _known(server) is None:
            _keep(server, ())
    return {name: _known(server) or () for name, server in servers.items()}


def _learn(server: Server) -> None:
    _keep(server, _ask(server))


def _keep(server: Server, models: tuple[str, ...]) -> None:
    with _keeping:
        _kept[server] = (time.monotonic(), models)


def forget() -> None:
    """Ask again at the next call."""
    with _keeping:
        _kept.clear()


def _known(server: Server) -> tuple[str, ...] | None:
    with _keeping:
        asked_at, models = _kept.get(server, (None, ()))
    is_fresh = asked_at is not None and time.monotonic() - asked_at <= KEPT_SECONDS
    return models if is_fresh else None


def _ask(server: Server) -> tuple[str, ...]:
    parts = urlsplit(server.base_url)
    # http.client follows no redirect: the key goes to this address or nowhere.
    is_secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    headers = {"Accept": "application/json", **FAMILIES[server.family].key_headers(server.key)}
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", f"{parts.path}/models", headers=headers)
            response = connection.getresponse()
            body = response.read(LONGEST_ANSWER) if response.status == 200 else b""
        finally:
            connection.close()
        return _names(body)
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return ()


def _names(body: bytes) -> tuple[str, ...]:
    """Return the names in an answer; none when it is not a list of models.

    Gemini's list has another name, and so have the models in it.
    """
    values = json.loads(body)
    data = values.get("data", values.get("models")) if isinstance(values, dict) else None
    entries = [entry for entry in data if isinstance(entry, dict)] if isinstance(data, list) else []
    names = [entry.get("id") or entry.get("name") for entry in entries]
    return tuple(name.removeprefix("models/") for name in names if isinstance(name, str) and name)[
        :MOST_MODELS
    ]
