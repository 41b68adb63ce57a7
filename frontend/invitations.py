"""The page on which an invitation is accepted."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from missions import selectors
from missions.services import AcceptInvitation, AlreadyMember
from parallagon.accounts.models import User
from parallagon.core.errors import ParallagonError


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
def invitation(request: HttpRequest, secret: str) -> HttpResponse:
    """Show who invites to what; join with a button, since a mail program may open addresses."""
    if not isinstance(request.user, User):
        raise TypeError  # the decorator lets nobody else in
    response: HttpResponse
    try:
        found = selectors.invitation(secret=secret)
        if request.method == "POST":
            AcceptInvitation(secret=secret, user=request.user, now=timezone.now()).execute()
            return redirect("frontend:mission", mission=found.mission_id)
        response = render(request, "frontend/invitation.html", {"invitation": found})
    except AlreadyMember:
        return redirect("frontend:mission", mission=found.mission_id)
    except ParallagonError as error:
        context = {"refusal": error.message}
        response = render(request, "frontend/invitation.html", context, status=error.status)
    response.headers["Referrer-Policy"] = "same-origin"
    return response
