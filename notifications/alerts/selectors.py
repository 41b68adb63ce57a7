"""Which rules and alerts there are, for whom."""

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from missions.models import Membership, Mission
from missions.selectors import LARGEST_ID, membership, missions_of
from notifications import selectors
from notifications.models import Alert, AlertRule
from parallagon.accounts.models import User
from parallagon.core.errors import PermissionDeniedError, ResourceNotFoundError

Role = Membership.Role


def rules_of(*, user: User) -> QuerySet[AlertRule]:
    """Return the rules of a person's missions, and for staff those of the installation."""
    return AlertRule.objects.filter(_visible(user)).select_related("mission").order_by("pk")


def alerts_of(*, user: User) -> QuerySet[Alert]:
    """Return the alerts of a person's missions, and for staff those of the installation."""
    rows = Alert.objects.filter(_visible(user))
    return rows.select_related("rule", "mission", "acknowledged_by").order_by("-pk")


def rule(*, user: User, rule_id: int, at_least: Membership.Role = Role.VIEWER) -> AlertRule:
    """Return a rule.

    Raises:
        ResourceNotFoundError: it is not there, or not for this person.
        PermissionDeniedError: the person is less than ``at_least`` in its mission.
    """
    found = rules_of(user=user).filter(pk=min(rule_id, LARGEST_ID)).first()
    if found is None:
        raise ResourceNotFoundError(_("There is no such alert rule."))
    if found.mission_id is not None:
        membership(user=user, mission_id=found.mission_id, at_least=at_least)
    return found


def alert(*, user: User, alert_id: int, at_least: Membership.Role = Role.VIEWER) -> Alert:
    """Return an alert.

    Raises:
        ResourceNotFoundError: it is not there, or not for this person.
        PermissionDeniedError: the person is less than ``at_least`` in its mission.
    """
    found = alerts_of(user=user).filter(pk=min(alert_id, LARGEST_ID)).first()
    if found is None:
        raise ResourceNotFoundError(_("There is no such alert."))
    if found.mission_id is not None:
        membership(user=user, mission_id=found.mission_id, at_least=at_least)
    return found


def place_of_rules(*, user: User, mission_id: int | None) -> Mission | None:
    """Return the mission for which a person may make rules; nothing is the installation.

    Raises:
        ResourceNotFoundError: there is no such mission, or the person may not know of it.
        PermissionDeniedError: only an owner may, or only staff.
    """
    if mission_id is not None:
        return membership(user=user, mission_id=mission_id, at_least=Role.OWNER).mission
    if not user.is_staff:
        raise PermissionDeniedError(_("Only staff may watch over the installation."))
    return None


def watched_rules() -> list[AlertRule]:
    """Return the rules to look at: those of active missions, and any that must come to rest."""
    is_watched = Q(is_on=True) & (Q(mission=None) | Q(mission__state=Mission.State.ACTIVE))
    rows = AlertRule.objects.filter(is_watched | ~Q(state=AlertRule.State.OK))
    return list(rows.select_related("mission").order_by("pk"))


def told_of(found: AlertRule) -> list[User]:
    """Return who hears of a rule: the owners of its mission, or staff."""
    if found.mission is None:
        return selectors.audience("staff", mission=None)
    return selectors.audience("owners", mission=found.mission)


def _visible(user: User) -> Q:
    mine = Q(mission__in=missions_of(user=user).values("pk"))
    return mine | Q(mission=None) if user.is_staff else mine
