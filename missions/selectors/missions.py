"""Which missions there are, and what a person is in them."""

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from missions.models import (
    Membership,
    Mission,
    MissionTransition,
)
from parallagon.accounts.models import User
from parallagon.core.errors import (
    PermissionDeniedError,
    ResourceNotFoundError,
    ValidationError,
)

LARGEST_ID = 2**63 - 1


def missions_of(*, user: User, state: str | None = None, search: str = "") -> QuerySet[Mission]:
    """Return the missions of which ``user`` is a member, each with ``member_role``.

    Args:
        user: who asks.
        state: of the missions; those that were deleted are only for their owners, who ask for it.
        search: words that the title must hold, whatever case and accents.
    """
    mine = FilteredRelation("memberships", condition=Q(memberships__user_id=user.pk))
    found = Mission.objects.annotate(mine=mine).filter(mine__isnull=False)
    if state == Mission.State.DELETED:
        found = found.filter(state=state, mine__role=Membership.Role.OWNER)
    else:
        found = found.filter(state=state) if state else found.kept()
    return found.titled(search).annotate(member_role=F("mine__role"))


def purged_after(mission: Mission) -> datetime | None:
    """Return until when a deleted mission can be restored; ``None`` for one that is not."""
    kept = timedelta(days=settings.PARALLAGON_DELETED_DAYS)
    return mission.deleted_at and mission.deleted_at + kept


def missions_to_purge(*, now: datetime) -> QuerySet[Mission]:
    """Return the missions that were deleted too long ago to be restored."""
    until = now - timedelta(days=settings.PARALLAGON_DELETED_DAYS)
    return Mission.objects.filter(deleted_at__lte=until).order_by("pk")


def transitions_of(*, mission: Mission) -> QuerySet[MissionTransition]:
    """Return the steps in the life of a mission, the newest first."""
    return MissionTransition.objects.filter(mission=mission).select_related("user").order_by("-pk")


_RANKS = {Membership.Role.VIEWER: 0, Membership.Role.EDITOR: 1, Membership.Role.OWNER: 2}

_REFUSALS = {
    Membership.Role.EDITOR: gettext_lazy("You may read this mission, but not change it."),
    Membership.Role.OWNER: gettext_lazy("Only an owner of the mission may do this."),
}


def membership(
    *,
    user: User,
    mission_id: int,
    at_least: Membership.Role = Membership.Role.VIEWER,
    deleted: bool = False,
) -> Membership:
    """Return what ``user`` is in a mission, the mission loaded.

    Args:
        user: who asks.
        mission_id: of the mission.
        at_least: what the user must be there.
        deleted: a mission that was deleted is there for its owners; otherwise for nobody.

    Raises:
        ResourceNotFoundError: there is no such mission, or the user may not know of it.
        PermissionDeniedError: the user is less than ``at_least`` there.
    """
    found = (
        Membership.objects.filter(user_id=user.pk, mission_id=mission_id)
        .select_related("mission")
        .first()
        if mission_id <= LARGEST_ID
        else None
    )
    if found is not None and found.mission.state == Mission.State.DELETED:
        found = found if deleted and found.role == Membership.Role.OWNER else None
    if found is None:
        raise ResourceNotFoundError(_("There is no such mission, or none that you may see."))
    require(found, at_least)
    return found


def require(found: Membership, at_least: Membership.Role) -> None:
    """Refuse a member who is less than ``at_least``.

    Raises:
        PermissionDeniedError: with a sentence.
    """
    if _RANKS[Membership.Role(found.role)] < _RANKS[at_least]:
        raise PermissionDeniedError(str(_REFUSALS[at_least]), role=found.role)


class UnknownAccount(ValidationError):  # noqa: N818 - says what was given
    """Nobody who could be a member has that name."""

    code = "unknown_account"


def members_of(*, mission: Mission) -> QuerySet[Membership]:
    """Return who takes part in a mission."""
    return Membership.objects.filter(mission=mission).select_related("user").order_by("-pk")


def member(*, mission: Mission, user_id: int) -> Membership:
    """Return what someone is in a mission.

    Raises:
        ResourceNotFoundError: they take no part in it.
    """
    found = members_of(mission=mission).filter(user_id=min(user_id, LARGEST_ID)).first()
    if found is None:
        raise ResourceNotFoundError(_("There is no such member."))
    return found


def account(*, named: str) -> User:
    """Return the account with that user name, or the only one with that e-mail address.

    One answer for every name that does not help: unknown, no longer active, an address of two.

    Raises:
        UnknownAccount: there is no such account.
    """
    active = User.objects.filter(is_active=True)
    found = list(active.filter(username=named)) or list(active.filter(email__iexact=named)[:2])
    if len(found) != 1:
        raise UnknownAccount(_("There is no account of this name or address."), field="account")
    return found[0]
