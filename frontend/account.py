"""The page of one's own account: sessions, keys, password, language, appearance."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Final

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from frontend.browsers import browser_of
from frontend.views import THEME_COOKIE, THEMES
from parallagon.accounts import selectors
from parallagon.accounts.models import ApiKey, User
from parallagon.accounts.services import (
    MOST_KEYS,
    CreateKey,
    EndSession,
    RevokeKey,
    SignOutEverywhere,
)
from parallagon.core.errors import ParallagonError, ValidationError

MOST_SHOWN: Final = 2 * MOST_KEYS
THEME_SECONDS: Final = 365 * 24 * 3600
DAYS: Final = (
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("a year")),
    (0, gettext_lazy("no end")),
)


class KeyForm(forms.Form):
    """A key to make; the operation says what is missing."""

    name = forms.CharField(max_length=100, required=False)
    scopes = forms.MultipleChoiceField(choices=ApiKey.Scope.choices, required=False)
    days = forms.TypedChoiceField(choices=DAYS, coerce=int)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def account(request: HttpRequest) -> HttpResponse:
    """Show the page; carry out what a button of it asks for, and show what came of it."""
    if not isinstance(request.user, User):
        raise TypeError  # the decorator lets nobody else in
    if request.method != "POST":
        return _page(request, request.user)
    try:
        act = _ACTIONS.get(request.POST.get("action", ""), _unknown)
        return act(request, request.user)
    except ParallagonError as error:
        return _page(request, request.user, refusal=error.message, status=error.status)


def _end_session(request: HttpRequest, user: User) -> HttpResponse:
    session = selectors.session(user=user, session_id=_number(request))
    is_this = session.session_key == request.session.session_key
    EndSession(session=session).execute()
    if is_this:
        logout(request)
    return redirect("frontend:signed-out" if is_this else "frontend:account")


def _sign_out_everywhere(request: HttpRequest, user: User) -> HttpResponse:
    SignOutEverywhere(user=user, now=timezone.now()).execute()
    logout(request)
    return redirect("frontend:signed-out")


def _make_key(request: HttpRequest, user: User) -> HttpResponse:
    """Show the secret in this answer, and nowhere else."""
    form, now = KeyForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, user, form=form, status=422)
    days = form.cleaned_data["days"]
    try:
        made = CreateKey(
            user=user,
            name=form.cleaned_data["name"],
            scopes=tuple(form.cleaned_data["scopes"]),
            expires_at=now + timedelta(days=days) if days else None,
            now=now,
        ).execute()
    except ParallagonError as error:
        return _page(request, user, form=form, refusal=error.message, status=error.status)
    return _page(request, user, made=made)


def _revoke_key(request: HttpRequest, user: User) -> HttpResponse:
    key = selectors.key(user=user, key_id=_number(request))
    RevokeKey(key=key, now=timezone.now()).execute()
    return redirect("frontend:account")


def _choose_theme(request: HttpRequest, _user: User) -> HttpResponse:
    """Keep the look in the cookie that the editor reads and writes too."""
    response = redirect("frontend:account")
    theme = request.POST.get("theme", "")
    if theme in THEMES:
        response.set_cookie(THEME_COOKIE, theme, max_age=THEME_SECONDS, samesite="Lax")
    else:
        response.delete_cookie(THEME_COOKIE, samesite="Lax")
    return response


def _theme(request: HttpRequest) -> str:
    """Return the look that was chosen; the editor writes "system" where none was."""
    theme = request.COOKIES.get(THEME_COOKIE, "")
    return theme if theme in THEMES else ""


def _unknown(_request: HttpRequest, _user: User) -> HttpResponse:
    raise ValidationError(_("This page knows no such action: load it again."))


_ACTIONS: dict[str, Callable[[HttpRequest, User], HttpResponse]] = {
    "end-session": _end_session,
    "sign-out-everywhere": _sign_out_everywhere,
    "make-key": _make_key,
    "revoke-key": _revoke_key,
    "theme": _choose_theme,
}


def _number(request: HttpRequest) -> int:
    given = request.POST.get("id", "")
    if not (given.isascii() and given.isdigit() and len(given) < 20):
        raise ValidationError(_("This page knows no such action: load it again."))
    return int(given)


def _page(request: HttpRequest, user: User, *, status: int = 200, **shown: Any) -> HttpResponse:
    now = timezone.now()
    here = request.session.session_key
    sessions = selectors.sessions_of(user=user, now=now).order_by("-seen_at")[:MOST_SHOWN]
    context = {
        "sessions": [
            {"row": row, "browser": browser_of(row.agent), "is_this": row.session_key == here}
            for row in sessions
        ],
        "keys": [
            {"row": key, "scopes": [ApiKey.Scope(scope).label for scope in key.scopes]}
            for key in selectors.keys_of(user=user).order_by("-pk")[:MOST_SHOWN]
        ],
        "now": now,
        "scopes": ApiKey.Scope.choices,
        "days": DAYS,
        "has_password": user.has_usable_password(),
        "theme": _theme(request),
        "themes": [("light", _("Light")), ("dark", _("Dark")), ("", _("As the system"))],
        "languages": User.Language.choices,
        "back": reverse("frontend:editor"),
        **shown,
    }
    return render(request, "frontend/account.html", context, status=status)
