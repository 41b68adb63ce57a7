"""Reading accounts and what lets them in."""

from datetime import datetime

from django.contrib.sessions.models import Session
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from parallagon.accounts.models import ApiKey, SignedIn, User
from parallagon.core.errors import ResourceNotFoundError


def accounts() -> QuerySet[User]:
    """Return everybody by name, with ``keys_count`` and ``identities_count``."""
    keys = Count("api_keys", filter=Q(api_keys__revoked_at=None), distinct=True)
    identities = Count("identities", distinct=True)
    return User.objects.annotate(keys_count=keys, identities_count=identities).order_by("username")


def keys_of(*, user: User) -> QuerySet[ApiKey]:
    """Return the keys of a person that were not revoked."""
    return ApiKey.objects.filter(user=user, revoked_at=None)


def key(*, user: User, key_id: int) -> ApiKey:
    """Return one key of a person.

    Raises:
        ResourceNotFoundError: it is none of theirs.
    """
    found = keys_of(user=user).filter(pk=min(key_id, 2**63 - 1)).first()
    if found is None:
        raise ResourceNotFoundError(_("You have no such key."))
    return found


def sessions_of(*, user: User, now: datetime) -> QuerySet[SignedIn]:
    """Return where a person is signed in."""
    living = Session.objects.filter(expire_date__gt=now).values("session_key")
    return SignedIn.objects.filter(user=user, session_key__in=living)


def session(*, user: User, session_id: int) -> SignedIn:
    """Return one session of a person.

    Raises:
        ResourceNotFoundError: it is none of theirs, or has ended.
    """
    found = SignedIn.objects.filter(user=user, pk=min(session_id, 2**63 - 1)).first()
    if found is None:
        raise ResourceNotFoundError(_("You have no such session."))
    return found
