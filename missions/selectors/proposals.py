"""Results that wait for a person."""

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from missions.models import (
    Membership,
    Mission,
    Proposal,
)
from missions.selectors.missions import LARGEST_ID
from parallagon.accounts.models import User
from parallagon.core.errors import (
    ResourceNotFoundError,
)


def proposals_of(*, mission: Mission) -> QuerySet[Proposal]:
    """Return the proposals of a mission with their files, newest first."""
    return Proposal.objects.filter(mission=mission).prefetch_related("files").order_by("-pk")


def proposal(*, user: User, proposal_id: int) -> Proposal:
    """Return a proposal of a mission that ``user`` may see, the mission loaded.

    Raises:
        ResourceNotFoundError: there is no such proposal, or the user may not know of it.
    """
    visible = Membership.objects.filter(user_id=user.pk, mission_id=OuterRef("mission_id"))
    found = (
        Proposal.objects.filter(Exists(visible), pk=proposal_id)
        .exclude(mission__state=Mission.State.DELETED)
        .select_related("mission")
        .prefetch_related("files")
        .first()
        if proposal_id <= LARGEST_ID
        else None
    )
    if found is None:
        raise ResourceNotFoundError(_("There is no such proposal, or none that you may see."))
    return found
