"""What reading a file costs: ``content.read``, once for each place that it may come from.

Beside each: reading the file in the mission's folder, as any program would.
"""

import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.figures import milliseconds, percentile
from bench.place import installation, make_mission, prose, save

READS = 300
SIZE = 200 * 1024


def run(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield the figures of reads from memory, Redis and disk."""
    with installation():
        yield from figures(make_mission())


def figures(mission: Any) -> Iterator[dict[str, Any]]:
    from missions.storage import FileManager

    text = prose(SIZE)
    name = save(mission, "large.md", text, base=None).revision.blob_id
    plain = FileManager(mission).root / "large.md"
    for level, read in {"memory": in_memory, "redis": in_redis, "disk": on_disk}.items():
        read(name, text)
        beside = milliseconds(lambda: plain.read_text(encoding="utf-8"), times=READS)
        times = [read(name, text) for _ in range(READS)]
        value, versus = statistics.median(times), statistics.median(beside)
        yield {
            "name": "content.read",
            "level": level,
            "value": round(value, 4),
            "p95": round(percentile(times, 95), 4),
            "unit": "ms",
            "versus": "Path.read_text() of the file in the folder",
            "versus_value": round(versus, 4),
            "ratio": round(versus / value, 2),
            "bytes": len(text.encode()),
            "runs": READS,
        }


def in_memory(name: str, text: str) -> float:
    """Time a read of what this process has read before."""
    from missions.cache import CachedStore

    return timed(CachedStore(), name, text)


def in_redis(name: str, text: str) -> float:
    """Time the first read of a process, when another one has read it before."""
    from missions.cache import background, shared

    background().wait()
    if shared().get(name) is None:
        raise AssertionError("Redis does not have it")
    return timed(forgetful_store(), name, text)


def on_disk(name: str, text: str) -> float:
    """Time the first read of all."""
    from missions.cache import background, shared

    background().wait()
    shared().remove(name)
    return timed(forgetful_store(), name, text)


def forgetful_store() -> Any:
    """Return the store of a process that has just been started."""
    from missions.cache import CachedStore, size_of
    from parallagon.core.cache import MemoryCache

    memory: Any = MemoryCache("bench", most_bytes=2**24, seconds=60, size_of=size_of)
    return CachedStore(memory)


def timed(store: Any, name: str, text: str) -> float:
    found: list[str] = []
    [took] = milliseconds(lambda: found.append(store.text(name).text), times=1)
    if found != [text]:
        raise AssertionError("another text was read")
    return took
