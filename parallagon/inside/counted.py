"""What all processes of this host have counted, added up; files of those that ended are folded.

Each process counts in files of its own (``PROMETHEUS_MULTIPROC_DIR``), named by its number. What
one that ended has counted stays true, its files need not stay: they are added to those of
``ended``, so that the folder holds a few files for each living process however often others came
and went. One host a folder: numbers of processes mean nothing on another.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import psutil
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector

SUMMED: Final = ("counter", "histogram", "summary")
NEWEST: Final = "gauge_mostrecent"
ENDED: Final = "ended"
_NEXT: Final = ".next"
_FOLDED: Final = ".folded"


def counted() -> bytes:
    """Return every measure that processes count, in Prometheus' text format."""
    name = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not name:
        return generate_latest(REGISTRY)
    folder = Path(name)
    folder.mkdir(parents=True, exist_ok=True)
    registry = CollectorRegistry()
    MultiProcessCollector(registry, name)  # type: ignore[no-untyped-call]
    with _alone(folder):
        fold(folder)
        return generate_latest(registry)


def fold(folder: Path) -> None:
    """Add what ended processes have counted to one file a kind; the caller is alone.

    Killed at any moment, nothing is counted twice or lost: until the new sum has its name, the old
    files are put back; afterwards they are dropped.
    """
    _finish(folder)
    ended = [file for file in folder.glob("*.db") if _has_ended(file)]
    for kind in (*SUMMED, NEWEST):
        mine = [file for file in ended if file.name.startswith(f"{kind}_")]
        if mine:
            _fold(folder / f"{kind}_{ENDED}.db", mine)
    for file in ended:  # what is left tells how a living process is
        if file.name.startswith(("gauge_live", "gauge_all")):
            file.unlink(missing_ok=True)


def _fold(into: Path, files: list[Path]) -> None:
    following = into.with_suffix(_NEXT)
    draft = into.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    _write(draft, _merged([*files, *([into] if into.exists() else [])], into.name))
    draft.rename(following)
    for file in files:
        file.rename(file.with_suffix(_FOLDED))
    following.rename(into)
    for file in files:
        file.with_suffix(_FOLDED).unlink()


def _merged(files: list[Path], name: str) -> dict[str, tuple[float, float]]:
    """Return each value with its moment: sums, or of gauges the newest."""
    found: dict[str, tuple[float, float]] = {}
    for file in files:
        values = MmapedDict.read_all_values_from_file(file)  # type: ignore[no-untyped-call]
        for key, value, at, _position in values:
            before, before_at = found.get(key, (0.0, 0.0))
            if name.startswith(NEWEST):
                found[key] = (value, at) if at >= before_at else (before, before_at)
            else:
                found[key] = (before + value, 0.0)
    return found


def _write(file: Path, values: dict[str, tuple[float, float]]) -> None:
    sums = MmapedDict(str(file))  # type: ignore[no-untyped-call]
    try:
        for key, (value, at) in values.items():
            sums.write_value(key, value, at)  # type: ignore[no-untyped-call]
    finally:
        sums.close()  # type: ignore[no-untyped-call]


def _finish(folder: Path) -> None:
    """Undo a fold that was cut off before its sum had a name, end one that was cut off after."""
    unnamed = list(folder.glob(f"*{_NEXT}"))
    kinds = tuple(file.name.removesuffix(f"{ENDED}{_NEXT}") for file in unnamed)
    for file in folder.glob(f"*{_FOLDED}"):
        if kinds and file.name.startswith(kinds):
            file.rename(file.with_suffix(".db"))
        else:
            file.unlink()
    for file in unnamed:
        file.unlink()


def _has_ended(file: Path) -> bool:
    number = file.stem.rpartition("_")[2]
    return number.isdecimal() and not psutil.pid_exists(int(number))


@contextlib.contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Keep others who add up away: a fold moves files while it works."""
    with (folder / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
