"""Who is invited to a mission."""

from datetime import datetime

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from missions.models import Invitation, Mission
from missions.selectors.missions import LARGEST_ID
from parallagon.accounts.secrets import digest
from parallagon.core.errors import ResourceNotFoundError


def invitations_to(*, mission: Mission, now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that are still open."""
    return Invitation.objects.open(now).filter(mission=mission).select_related("invited_by")


def invitations_to_send(*, now: datetime) -> QuerySet[Invitation]:
    """Return the invitations that wait for the mail, the oldest first."""
    waiting = Invitation.objects.to_send(now).exclude(mission__state=Mission.State.DELETED)
    return waiting.select_related("mission", "invited_by").order_by("pk")


def invitation_to(*, mission: Mission, invitation_id: int) -> Invitation:
    """Return one invitation to a mission.

    Raises:
        ResourceNotFoundError: there is none.
    """
    found = Invitation.objects.filter(mission=mission, pk=min(invitation_id, LARGEST_ID)).first()
    if found is None:
        raise ResourceNotFoundError(_("There is no such invitation."))
    return found


def invitation(*, secret: str) -> Invitation:
    """Return the invitation that a secret is of, its mission and its sender loaded.

    Raises:
        ResourceNotFoundError: it is of none, or the mission is gone.
    """
    found = (
        Invitation.objects.filter(digest=digest(secret))
        .exclude(mission__state=Mission.State.DELETED)
        .select_related("mission", "invited_by")
        .first()
    )
    if found is None:
        raise ResourceNotFoundError(_("There is no such invitation."))
    return found
