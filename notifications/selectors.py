"""What a person was told, wants to be told, and where."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext as _

from missions.models import Membership, Mission
from missions.selectors import LARGEST_ID
from notifications.messages import TYPES, Audience, MessageType
from notifications.models import Channel, Inbox, Notification, Preference, Target
from parallagon.accounts.models import User
from parallagon.core.errors import ResourceNotFoundError

_ROLES: Mapping[str, Sequence[str]] = {
    "members": Membership.Role.values,
    "editors": [Membership.Role.OWNER, Membership.Role.EDITOR],
    "owners": [Membership.Role.OWNER],
}


def notifications_of(*, user: User, now: datetime) -> QuerySet[Notification]:
    """Return what a person was told and is still of use, the newest first."""
    return Notification.objects.filter(user=user).shown(now=now).order_by("-pk")


def notification(*, user: User, notification_id: int) -> Notification:
    """Return one message of a person.

    Raises:
        ResourceNotFoundError: it is not there, or somebody else's.
    """
    found = Notification.objects.filter(user=user, pk=min(notification_id, LARGEST_ID)).first()
    if found is None:
        raise ResourceNotFoundError(_("There is no such notification."))
    return found


def unread_count(*, user_id: int, now: datetime) -> int:
    """Return how many messages a person has not read."""
    return Notification.objects.filter(user_id=user_id).unread().shown(now=now).count()


def unread_by_level(*, user: User, now: datetime) -> dict[str, int]:
    """Return how many messages of each level a person has not read."""
    counted = dict.fromkeys(Notification.Level.values, 0)
    rows = Notification.objects.filter(user=user).unread().shown(now=now).order_by()
    counted.update(rows.values_list("level").annotate(Count("pk")))
    return counted


def inbox_number(*, user_id: int) -> int:
    """Return the number of the last thing that happened to a person's messages."""
    found = Inbox.objects.filter(user_id=user_id).values_list("seq", flat=True).first()
    return found or 0


def changed_after(*, user_id: int, after: int, limit: int) -> list[Notification]:
    """Return the messages to which something happened after a number, in that order."""
    rows = Notification.objects.filter(
        user_id=user_id, is_shown=True, seq__gt=min(after, LARGEST_ID)
    )
    return list(rows.order_by("seq", "pk")[:limit])


def language_of(user: User, mission: Mission | None = None) -> str:
    """Return the language in which a person reads; the mission's where they never said."""
    return user.language or (mission.language if mission else settings.PARALLAGON_LANGUAGE)


def audience(kind: Audience, *, mission: Mission | None) -> list[User]:
    """Return who is told: people of the mission, or those who run the installation."""
    if kind == "staff":
        return list(User.objects.filter(is_active=True, is_staff=True).order_by("pk"))
    if mission is None:
        return []
    members = Q(memberships__mission=mission, memberships__role__in=_ROLES[kind])
    return list(User.objects.filter(members, is_active=True).order_by("pk"))


def channels_of(users: Iterable[User], kind: MessageType) -> Mapping[int, frozenset[str]]:
    """Return over which channels each person wants a type; outside only with an address."""
    ids = [user.pk for user in users]
    wanted: dict[int, set[str]] = {pk: {str(one) for one in kind.channels} for pk in ids}
    said = Preference.objects.filter(user_id__in=ids, type=kind.key)
    for user_id, channel, is_on in said.values_list("user_id", "channel", "is_on"):
        (wanted[user_id].add if is_on else wanted[user_id].discard)(channel)
    reached: dict[int, set[str]] = defaultdict(set)
    targets = Target.objects.filter(user_id__in=ids, is_on=True)
    for user_id, channel in targets.values_list("user_id", "channel"):
        reached[user_id].add(channel)
    inside = {str(Channel.IN_APP), str(Channel.BROWSER)}
    return {pk: frozenset(wanted[pk] & (inside | reached[pk])) for pk in ids}


def choices_of(*, user: User) -> dict[str, dict[str, bool]]:
    """Return what a person wants: type → channel → whether."""
    said = {
        (kind, channel): is_on
        for kind, channel, is_on in Preference.objects.filter(user=user).values_list(
            "type", "channel", "is_on"
        )
    }
    return {
        key: {
            channel.value: said.get((key, channel.value), channel in kind.channels)
            for channel in Channel
        }
        for key, kind in TYPES.items()
        if key != "test"
    }


def targets_of(*, user: User) -> list[Target]:
    """Return where the channels of a person lead."""
    return list(Target.objects.filter(user=user).order_by("channel"))


def target(*, user: User, channel: str) -> Target:
    """Return where one channel of a person leads.

    Raises:
        ResourceNotFoundError: nowhere.
    """
    found = Target.objects.filter(user=user, channel=channel).first()
    if found is None:
        raise ResourceNotFoundError(_("This channel has no address yet."))
    return found
