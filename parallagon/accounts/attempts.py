"""How often somebody may try to sign in (django-ratelimit counts, in the shared cache).

Five attempts a minute for an address and an account, thirty for an address, unless ``RATE_LIMITS``
says otherwise. The address is that of the connection, or what ``TRUSTED_PROXIES`` proxies in front
say.
"""

from django.http import HttpRequest
from django_ratelimit.core import get_usage
from rest_framework.throttling import BaseThrottle

from parallagon.core import limits

GROUP = "accounts.sign_in"


def seconds_to_wait(request: HttpRequest, name: str | None = None) -> int:
    """Count an attempt, for the account ``name``; return for how long it is one too many."""
    address = address_of(request)
    keys = {address: limits.rate(limits.SIGN_IN_ADDRESS)}
    if name is not None:
        keys[f"{address} {name[:150]}"] = limits.rate(limits.SIGN_IN)
    usages = [
        get_usage(
            request,
            group=GROUP,
            key=lambda _group, _request, key=key: key,
            rate=rate,
            increment=True,
        )
        for key, rate in keys.items()
    ]
    return max((one["time_left"] for one in usages if one and one["should_limit"]), default=0)


def address_of(request: HttpRequest) -> str:
    """Return the address from which somebody asks."""
    return str(BaseThrottle().get_ident(request))  # type: ignore[arg-type] # reads META only
