"""What all processes have counted, added up; files of those that ended are folded.

Each process counts in files of its own (``PROMETHEUS_MULTIPROC_DIR``), named by its number, in a
folder for each host or container (``DATA_DIR/measures/HOST``): numbers mean nothing elsewhere. What
one that ended has counted stays true, its files need not stay: they are added to those of
``ended``, so that there are a few files for each living process however often others come and go.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import psutil
from django.conf import settings
from prometheus_client import REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
SUMMED: Final = ("counter", "histogram", "summary")
NEWEST: Final = "gauge_mostrecent"
OF_THE_LIVING: Final = ("gauge_live", "gauge_all")
ENDED: Final = "ended"
_NEXT: Final = ".next"
_FOLDED: Final = ".folded"


def begin(folder: Path) -> None:
    """Make the folder for a process that has this one's number; gauges begin at zero."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob(f"gauge_live*_{os.getpid()}.db"):
        file.unlink(missing_ok=True)


def counted() -> bytes:
    """Return every measure that processes count, in Prometheus' text format."""
    name = os.environ.get(VARIABLE)
    if not name:
        return generate_latest(REGISTRY)
    own = Path(name)
    own.mkdir(parents=True, exist_ok=True)
    registry = CollectorRegistry()
    root = _root(own)
    with _alone(root):
        folders = [own] if root == own else [one for one in root.iterdir() if one.is_dir()]
        fold(own, folders)
        registry.register(_Sum([str(file) for one in folders for file in one.glob("*.db")]))
        return generate_latest(registry)


class _Sum(Collector):
    """The measures in some files."""

    def __init__(self, files: list[str]) -> None:
        self._files = files

    def collect(self) -> Iterator[Metric]:
        yield from MultiProcessCollector.merge(self._files)  # type: ignore[no-untyped-call]


def fold(own: Path, folders: Sequence[Path]) -> None:
    """Add what ended processes have counted to one file a kind in ``own``; the caller is alone.

    Killed at any moment, nothing is counted twice or lost: until the new sum has its name, the old
    files are put back; afterwards they are dropped.
    """
    _finish(folders)
    files = [file for folder in folders for file in folder.glob("*.db")]
    ended = [file for file in files if _has_ended(file, own)]
    for kind in (*SUMMED, NEWEST):
        mine = [file for file in ended if file.name.startswith(f"{kind}_")]
        if mine:
            _fold(own / f"{kind}_{ENDED}.db", mine)
    for file in ended:
        if file.name.startswith(OF_THE_LIVING):
            file.unlink(missing_ok=True)
    for folder in folders:
        _tidy(folder, own)


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


def _finish(folders: Sequence[Path]) -> None:
    """Undo a fold that was cut off before its sum had a name, end one that was cut off after."""
    unnamed = [file for folder in folders for file in folder.glob(f"*{_NEXT}")]
    kinds = tuple(file.name.removesuffix(f"{ENDED}{_NEXT}") for file in unnamed)
    for file in [file for folder in folders for file in folder.glob(f"*{_FOLDED}")]:
        if kinds and file.name.startswith(kinds):
            file.rename(file.with_suffix(".db"))
        else:
            file.unlink()
    for file in unnamed:
        file.unlink()


def _has_ended(file: Path, own: Path) -> bool:
    """Tell whether nobody counts in a file any more; what another host folded is ours to add."""
    number = file.stem.rpartition("_")[2]
    if number == ENDED:
        return file.parent != own
    if not number.isdecimal():
        return False
    sign = file.with_name(f"{number}.alive")
    if sign.exists():
        return _is_free(sign)
    # It has only just begun, or never said so; of another host nobody knows.
    return file.parent == own and not psutil.pid_exists(int(number))


def _is_free(sign: Path) -> bool:
    with contextlib.suppress(OSError), sign.open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return True
    return False


def _tidy(folder: Path, own: Path) -> None:
    """Remove signs of the dead, and the folder of a host that has nobody left."""
    for sign in folder.glob("*.alive"):
        if _is_free(sign):
            sign.unlink(missing_ok=True)
    if folder != own:
        with contextlib.suppress(OSError):  # not empty
            folder.rmdir()


def _root(own: Path) -> Path:
    """Return the folder with those of all hosts, or ``own`` where it is not one of them."""
    root = Path(settings.DATA_DIR) / "measures"
    return root if own.parent == root else own


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Keep others who add up away: a fold moves files while it works."""
    with (root / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
