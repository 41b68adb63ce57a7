"""Locks that hold across processes and die with their holder, through portalocker.

``PARALLAGON_LOCKS`` chooses what they are made of: files (one host, or a shared file system that
honours locks) or subscriptions to Redis (several hosts). Either way they only keep people from
getting into each other's way; what is right the database decides: numbers of revisions are unique
and a run's fencing token must be valid.
"""

from missions.locks.backend import LockLost, LocksUnavailable
from missions.locks.choose import are_certain
from missions.locks.claims import folder_claims
from missions.locks.cleaning import forget_mission, forget_unused
from missions.locks.holder import Holder
from missions.locks.runs import RunLock
from missions.locks.writing import LONGEST_HOLD, ensure_held, write_lock, write_locks, writer

__all__ = [
    "LONGEST_HOLD",
    "Holder",
    "LockLost",
    "LocksUnavailable",
    "RunLock",
    "are_certain",
    "ensure_held",
    "folder_claims",
    "forget_mission",
    "forget_unused",
    "write_lock",
    "write_locks",
    "writer",
]
