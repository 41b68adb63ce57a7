"""The pages: each is a frame for its script; everything else comes through the API."""

from typing import Any, cast

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_POST, require_safe
from django.views.i18n import set_language

from parallagon.accounts.models import User
from parallagon.accounts.services import ChooseLanguage

THEME_COOKIE = "parallagon_theme"
THEMES = {"light", "dark"}


@require_safe
def home(_request: HttpRequest) -> HttpResponse:
    return redirect("frontend:editor")


@require_safe
def favicon(_request: HttpRequest) -> HttpResponse:
    """Answer browsers that ask for an icon where pages of others name none."""
    return redirect(static("brand/mark.svg"))


@require_safe
@login_required
@ensure_csrf_cookie
def editor(request: HttpRequest, mission: int | None = None) -> HttpResponse:
    """Show the editor; the script takes the mission from the address."""
    named = request.GET.get("mission", "")
    if mission is None and named.isdecimal() and named.isascii():
        return redirect(f"{reverse('frontend:editor')}/{named}")
    return render(
        request, "frontend/editor.html", {"page": _page_context(request), **_look(request)}
    )


@require_POST
def change_language(request: HttpRequest) -> HttpResponse:
    """Keep the language in its cookie, as Django's own view does, and with the person."""
    language = request.POST.get("language", "")
    if isinstance(request.user, User) and language in User.Language.values:
        ChooseLanguage(user=request.user, language=language).execute()
    return set_language(request)


@require_safe
def signed_out(request: HttpRequest) -> HttpResponse:
    """Say how to get a sign-in link; whoever is signed in goes on to the editor."""
    if request.user.is_authenticated:
        return redirect("frontend:editor")
    return render(request, "frontend/signed_out.html")


def _look(request: HttpRequest) -> dict[str, Any]:
    """Read the chosen appearance, so that the first paint has it already."""
    theme = request.COOKIES.get(THEME_COOKIE)
    return {"theme": theme if theme in THEMES else None}


def _page_context(request: HttpRequest) -> dict[str, Any]:
    """Return what the script needs before its first request."""
    user = cast("User", request.user)  # the view lets nobody else in
    language = (get_language() or settings.LANGUAGE_CODE).split("-")[0]
    return {
        "user": {
            "id": user.pk,
            "name": user.display_name(),
            "email": user.email,
            "language": language,
            "is_staff": user.is_staff,
        },
        "language": language,
        "csrf_cookie": settings.CSRF_COOKIE_NAME,
        "theme_cookie": THEME_COOKIE,
        "paths": {
            "editor": reverse("frontend:editor"),
            "language": reverse("frontend:language"),
            "account": reverse("frontend:account"),
            "sign_out": reverse("accounts:logout"),
        },
    }
