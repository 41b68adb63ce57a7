"""Who holds a lock and since when: told to people, never trusted to decide anything."""

import json
import os
import platform
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

_LONGEST = 1000  # characters that are read of what may be anything


@dataclass(frozen=True, kw_only=True)
class Holder:
    """The facts that a holder leaves beside its lock; ``purpose`` is an English message."""

    process: int
    host: str
    purpose: str
    since: datetime

    @classmethod
    def this(cls, purpose: str) -> "Holder":
        """Return the facts of this process, from now on."""
        return cls(process=os.getpid(), host=platform.node(), purpose=purpose, since=timezone.now())

    @classmethod
    def loads(cls, text: str | bytes | None) -> "Holder | None":
        """Read what ``dumps`` wrote; ``None`` for anything else."""
        try:
            data = json.loads((text or "")[:_LONGEST])
            return cls(
                process=int(data["process"]),
                host=str(data["host"]),
                purpose=str(data["purpose"]),
                since=datetime.fromisoformat(data["since"]),
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            return None

    def dumps(self) -> str:
        return json.dumps(self.as_data())

    def as_data(self) -> dict[str, Any]:
        return {**asdict(self), "since": self.since.isoformat()}

    def __str__(self) -> str:
        return _("%(purpose)s, process %(process)s on %(host)s, since %(since)s") % {
            "purpose": _(self.purpose),
            "process": self.process,
            "host": self.host,
            "since": f"{timezone.localtime(self.since):%H:%M:%S}",
        }
