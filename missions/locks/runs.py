"""The lock of a run: held by its worker for a whole cycle."""

import uuid

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from portalocker.exceptions import AlreadyLocked

from missions.locks.backend import Held
from missions.locks.choose import backend
from missions.locks.holder import Holder
from parallagon.core.errors import LockError

_PROBE_SECONDS = 0.5  # whoever asks whether a run's lock is free holds it for an instant
_PURPOSE = gettext_noop("a run")


class RunLock:
    """Held by a worker for a whole cycle; with certain locks, free means the worker is gone."""

    def __init__(self, run_id: uuid.UUID | str) -> None:
        self.run_id = str(run_id)
        self._name = run_name(run_id)
        self._held: Held | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            LockError: another worker holds it, or the locks do not answer.
        """
        try:
            self._held = backend().acquire(
                self._name, _PURPOSE, timeout=_PROBE_SECONDS, is_brief=False
            )
        except AlreadyLocked as error:
            holder = backend().holder(self._name)
            raise LockError(
                _("Another worker is at this run."),
                run=self.run_id,
                holder=holder and holder.as_data(),
            ) from error

    def release(self) -> None:
        """Give it back, if it is held."""
        if self._held is not None:
            self._held.release()
            self._held = None

    @staticmethod
    def is_free(run_id: uuid.UUID | str) -> bool:
        """Return whether no living process holds the run's lock.

        It proves something only where ``are_certain()``: elsewhere a living worker may have lost
        its lock, and a network that broke may keep a dead one's.
        """
        return backend().is_free(run_name(run_id))

    @staticmethod
    def holder(run_id: uuid.UUID | str) -> Holder | None:
        """Return which process is at the run, as far as is known."""
        return backend().holder(run_name(run_id))

    @staticmethod
    def forget(run_id: uuid.UUID | str) -> bool:
        """Remove what is left of the lock of a finished run, unless somebody still holds it."""
        return backend().forget(run_name(run_id))


def run_name(run_id: uuid.UUID | str) -> str:
    return f"run-{uuid.UUID(str(run_id))}"
