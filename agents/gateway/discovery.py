"""Ask a server of the installation's own (Ollama, vLLM, LM Studio …) which models it has."""

from __future__ import annotations

import http.client
import json
import threading
import time
from urllib.parse import urlsplit

ANSWER_SECONDS = 1.0
KEPT_SECONDS = 30.0
LONGEST_ANSWER = 1024 * 1024
MOST_MODELS = 200

_kept: dict[str, tuple[float, tuple[str, ...]]] = {}
_keeping = threading.Lock()


def list_models(base_url: str, key: str | None) -> tuple[str, ...]:
    """Return the names of the server's models; none when it does not answer within a second.

    The answer is kept for half a minute, also when it is none.
    """
    now = time.monotonic()
    with _keeping:
        asked_at, models = _kept.get(base_url, (now - KEPT_SECONDS - 1, ()))
    if now - asked_at <= KEPT_SECONDS:
        return models
    models = _ask(base_url, key)
    with _keeping:
        _kept[base_url] = (time.monotonic(), models)
    return models


def forget() -> None:
    """Ask again at the next call."""
    with _keeping:
        _kept.clear()


def _ask(base_url: str, key: str | None) -> tuple[str, ...]:
    parts = urlsplit(base_url)
    # http.client follows no redirect: the key goes to this address or nowhere.
    is_secure = parts.scheme == "https"
    kind = http.client.HTTPSConnection if is_secure else http.client.HTTPConnection
    headers = {"Accept": "application/json"}
    if key is not None:
        headers["Authorization"] = f"Bearer {key}"
    try:
        connection = kind(parts.hostname or "", parts.port, timeout=ANSWER_SECONDS)
        try:
            connection.request("GET", f"{parts.path}/models", headers=headers)
            response = connection.getresponse()
            body = response.read(LONGEST_ANSWER) if response.status == 200 else b""
        finally:
            connection.close()
        return _names(body)
    except (OSError, http.client.HTTPException, ValueError):
        return ()


def _names(body: bytes) -> tuple[str, ...]:
    """Return the names in an answer; none when it is not a list of models."""
    values = json.loads(body)
    data = values.get("data") if isinstance(values, dict) else None
    entries = data if isinstance(data, list) else []
    names = [entry.get("id") for entry in entries if isinstance(entry, dict)]
    return tuple(name for name in names if isinstance(name, str) and name)[:MOST_MODELS]
