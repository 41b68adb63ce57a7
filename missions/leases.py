"""Leases: a run's right to write its files, against other agents, for a whole cycle.

The database decides. A lease that has ended may be taken over, and a landing with the token of a
lease that was given back or taken over is refused, however long its worker slept.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError
from django.db.models import F

from missions.models import Lease, Mission
from missions.paths import matches
from missions.turns import turn
from parallagon.core.errors import LockError, PermissionDeniedError


class LeaseBusy(LockError):  # noqa: N818 - says what happened
    """Another run holds some of the files."""

    code = "lease_busy"


class StaleLease(LockError):  # noqa: N818 - says what happened
    """The run's lease was given back or taken over."""

    code = "lease_stale"


def take_lease(
    *,
    mission_id: int,
    role: str,
    run_id: uuid.UUID,
    patterns: Sequence[str],
    now: datetime,
    ends_at: datetime,
) -> Lease:
    """Give a run the files that match ``patterns``, with the mission's next fencing token.

    Raises:
        LeaseBusy: a run that has not ended holds the role or one of the patterns.
    """
    try:
        with turn(mission_id):
            # A run that was put back into the queue takes its files anew.
            Lease.objects.filter(run_id=run_id).delete()
            held = Lease.objects.filter(mission_id=mission_id, released_at=None)
            held.filter(ends_at__lte=now).update(released_at=now)
            Mission.objects.filter(pk=mission_id).update(fence=F("fence") + 1)
            token = Mission.objects.values_list("fence", flat=True).get(pk=mission_id)
            for lease in held.all():
                if _collides(lease, role, patterns):
                    raise LeaseBusy(
                        f"The files of {lease.role} are leased until {lease.ends_at:%H:%M:%S}.",
                        role=lease.role,
                        run=str(lease.run_id),
                    )
            return Lease.objects.create(
                mission_id=mission_id,
                role=role,
                run_id=run_id,
                patterns=list(patterns),
                token=token,
                taken_at=now,
                ends_at=ends_at,
            )
    except IntegrityError as error:
        raise LeaseBusy(f"The files of {role} are leased.", role=role) from error


def release_lease(run_id: uuid.UUID, *, now: datetime) -> bool:
    """Give a run's lease back; return whether it still had one."""
    return Lease.objects.filter(run_id=run_id, released_at=None).update(released_at=now) == 1


def check_fence(mission_id: int, token: int, paths: Sequence[str]) -> Lease:
    """Return the lease of ``token``, locked until the end of the transaction.

    Raises:
        StaleLease: it was given back or taken over.
        PermissionDeniedError: it does not cover one of ``paths``.
    """
    lease = (
        Lease.objects.select_for_update(no_key=True)
        .filter(mission_id=mission_id, token=token, released_at=None)
        .first()
    )
    if lease is None:
        raise StaleLease("The run no longer holds its files: its lease has ended.", token=token)
    foreign = [path for path in paths if not matches(path, lease.patterns)]
    if foreign:
        raise PermissionDeniedError(
            f"{lease.role} may not write {', '.join(foreign)}.", role=lease.role, paths=foreign
        )
    return lease


def covers(mission_id: int, token: int, paths: Sequence[str]) -> bool:
    """Return whether the lease of ``token`` covers every one of ``paths``."""
    patterns = Lease.objects.filter(mission_id=mission_id, token=token).values_list("patterns")
    return all(matches(path, given) for (given,) in patterns for path in paths)


def follow(mission_id: int, moves: Mapping[str, str]) -> None:
    """Let each lease that names a moved file cover its new path too; inside a transaction.

    Unless the new path is among the files of another run: then it is that run's.
    """
    held = list(
        Lease.objects.select_for_update(no_key=True).filter(mission_id=mission_id, released_at=None)
    )
    for lease in held:
        others = [pattern for other in held if other != lease for pattern in other.patterns]
        named = [moves[pattern] for pattern in lease.patterns if pattern in moves]
        gained = [path for path in named if not matches(path, others)]
        if gained:
            lease.patterns = [*lease.patterns, *gained]
            lease.save(update_fields=["patterns"])


def _collides(lease: Lease, role: str, patterns: Sequence[str]) -> bool:
    """Compare patterns as if each were a path, which finds equal and covered ones."""
    return (
        lease.role == role
        or any(matches(pattern, lease.patterns) for pattern in patterns)
        or any(matches(pattern, patterns) for pattern in lease.patterns)
    )
