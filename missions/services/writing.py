"""What every operation that writes into a mission checks first."""

from datetime import datetime

from django.conf import settings
from django.utils.translation import gettext as _

from missions import events, hooks
from missions.models import Mission
from parallagon.core.errors import Conflict, TooLarge


class MissionArchived(Conflict):
    """The mission was put away; it can be read, not written."""

    code = "archived"


class MissionDeleted(Conflict):
    """The mission was deleted; until it is purged its owners can restore it."""

    code = "deleted"


def check_open(mission: Mission) -> None:
    """Refuse to write into a mission that was put away.

    Raises:
        MissionArchived: it was archived.
        MissionDeleted: it was deleted.
    """
    if mission.state == Mission.State.DELETED:
        raise MissionDeleted(_("This mission is deleted: restore it to change it."))
    if mission.state != Mission.State.ACTIVE:
        raise MissionArchived(_("This mission is archived: restore it to change it."))


def check_size(text: str) -> None:
    """Refuse a text that no file may hold, before any work that grows with it.

    Raises:
        TooLarge: it has more bytes than a file may have.
    """
    limit = settings.PARALLAGON_MAX_FILE_SIZE
    if len(text) > limit or len(text.encode("utf-8", "surrogatepass")) > limit:
        sentence = _("A file may hold at most %(limit)s bytes.") % {"limit": limit}
        raise TooLarge(sentence, limit=limit)


def publish_mission(mission: Mission, *, now: datetime) -> None:
    """Tell everyone who looks on what the mission is now; call it last in a transaction."""
    data = {
        "state": mission.state,
        "activity": hooks.activity_of([mission.pk])[mission.pk],
        "title": mission.title,
    }
    events.publish(mission.pk, "mission.changed", data, at=now)
