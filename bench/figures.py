"""Taking times and putting them into figures."""

import statistics
import time
from collections.abc import Callable


def milliseconds(work: Callable[[], object], *, times: int) -> list[float]:
    """Do ``work`` so often and return how long it took each time."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append((time.perf_counter() - started) * 1000)
    return taken


def percentile(values: list[float], rank: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[rank - 1]
