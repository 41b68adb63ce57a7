"""How long to wait before a process that ended is started again."""

from dataclasses import dataclass


@dataclass(kw_only=True)
class Backoff:
    """Double the delay with each early end; forget them after a stretch of health. In seconds."""

    first: float = 0.5
    longest: float = 30.0
    healthy_after: float = 60.0
    failure_count: int = 0

    def next_delay(self, *, lived: float) -> float:
        """Return the delay after a life of ``lived`` seconds."""
        if lived >= self.healthy_after:
            self.failure_count = 0
        delay = self.first * 2.0 ** min(self.failure_count, 16)
        self.failure_count += 1
        return min(delay, self.longest)
