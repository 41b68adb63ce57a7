"""The lock under which missions choose folders outside of the data directory."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from portalocker.exceptions import AlreadyLocked

from missions.locks.choose import backend
from parallagon.core.errors import LockError

_NAME = "folders"
_PURPOSE = gettext_noop("choosing a folder")
_SECONDS = 10.0


@contextmanager
def folder_claims() -> Iterator[None]:
    """Hold it; take it before a mission's write lock, never inside one.

    Raises:
        LockError: someone else holds it, or the locks do not answer.
        FileOperationError: the locks cannot be used at all.
    """
    try:
        held = backend().acquire(_NAME, _PURPOSE, timeout=_SECONDS, is_brief=True)
    except AlreadyLocked as error:
        holder = backend().holder(_NAME)
        raise LockError(
            _("Someone else is choosing a folder. Try again."),
            holder=holder and holder.as_data(),
        ) from error
    try:
        yield
    finally:
        held.release()
