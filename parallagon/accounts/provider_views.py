"""Sign in by the OpenID provider: leave for it, and come back.

What the browser keeps meanwhile is in a signed cookie that only these two pages get, and only once.
"""

from dataclasses import asdict
from typing import Final

from django.conf import settings
from django.contrib.auth import login
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from parallagon.accounts import attempts
from parallagon.accounts.errors import TooManyAttempts
from parallagon.accounts.provider import Attempt, Provider, SignInRefused, provider
from parallagon.accounts.services import RecognizePerson
from parallagon.core.errors import ParallagonError

COOKIE: Final = f"parallagon_provider_{settings.PORT}"
SALT: Final = "accounts.provider"
SECONDS: Final = 600
LONGEST_NEXT: Final = 400  # a cookie holds 4096 bytes, and a letter may take eight
BACKEND: Final = "django.contrib.auth.backends.ModelBackend"


@require_GET
@never_cache
def leave(request: HttpRequest) -> HttpResponse:
    """Send a person to the provider."""
    there = _provider()
    attempt = Attempt.begin(_next_page(request))
    try:
        response = HttpResponseRedirect(there.address(attempt, back=_back(request)))
    except ParallagonError as error:
        return _refuse(request, error)
    response.set_cookie(
        COOKIE,
        signing.dumps(asdict(attempt), salt=SALT),
        max_age=SECONDS,
        path=reverse("accounts:provider"),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",  # it must come along when the provider sends the browser back
    )
    return response


@require_GET
@never_cache
def come_back(request: HttpRequest) -> HttpResponse:
    """Sign in whom the provider vouches for; say what is wrong when it does not."""
    there = _provider()
    try:
        response = _sign_in(request, there)
    except ParallagonError as error:
        response = _refuse(request, error)
    response.delete_cookie(COOKIE, path=reverse("accounts:provider"), samesite="Lax")
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _sign_in(request: HttpRequest, there: Provider) -> HttpResponse:
    if attempts.seconds_to_wait(request):
        raise TooManyAttempts(_("Too many attempts: try again in a minute."))
    attempt = _attempt(request)
    if "error" in request.GET or not request.GET.get("code"):
        raise SignInRefused(_("The provider did not let you in, or you turned back."))
    claims = there.claims(request.GET["code"], attempt, back=_back(request))
    user = RecognizePerson(
        claims=claims, may_create=settings.OIDC_CREATE_ACCOUNTS, now=timezone.now()
    ).execute()
    login(request, user, backend=BACKEND)  # under a new session key
    return redirect(attempt.next)


def _attempt(request: HttpRequest) -> Attempt:
    """Return the attempt that this browser began.

    Raises:
        SignInRefused: it began none of late, or another.
    """
    try:
        kept = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=SECONDS)
        attempt = Attempt(**kept)
    except (signing.BadSignature, TypeError) as error:
        raise _not_begun_here() from error
    if not constant_time_compare(attempt.state, request.GET.get("state", "")):
        raise _not_begun_here()
    return attempt


def _not_begun_here() -> SignInRefused:
    return SignInRefused(
        _("This sign-in was not begun in this browser, or too long ago: start again.")
    )


def _provider() -> Provider:
    there = provider()
    if there is None:
        raise Http404
    return there


def _next_page(request: HttpRequest) -> str:
    """Return where to go afterwards: to a page of ours."""
    wanted = request.GET.get("next", "")
    is_ours = len(wanted) <= LONGEST_NEXT and url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else settings.LOGIN_REDIRECT_URL


def _back(request: HttpRequest) -> str:
    """Return where the provider sends a browser back to, as it was told beforehand."""
    path = reverse("accounts:provider-back")
    if settings.PARALLAGON_URL:
        return f"{settings.PARALLAGON_URL}{path}"
    return request.build_absolute_uri(path)


def _refuse(request: HttpRequest, error: ParallagonError) -> HttpResponse:
    context = {"refusal": error.message}
    return render(request, "accounts/provider_refused.html", context, status=error.status)
