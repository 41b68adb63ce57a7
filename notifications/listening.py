"""What is told within a change itself, because no event speaks of it."""

from missions import hooks
from notifications.services import Notify


def tell_newcomer(joined: hooks.Joined) -> None:
    """Tell somebody that they take part in a mission now."""
    Notify(
        type="member.added",
        mission=joined.mission,
        to=[joined.user],
        dedupe_key=str(joined.mission.pk),
        link=f"/editor?mission={joined.mission.pk}",
        now=joined.now,
    ).execute()
