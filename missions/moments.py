"""A moment in the life of a mission, and its files as they were then.

Landings of a mission follow one another, so a moment lies between two of them and is known by the
last revision before it.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Max, QuerySet
from django.utils.translation import gettext as _

from missions.models import Event, Mission, Revision
from parallagon.core.errors import ResourceNotFoundError


@dataclass(frozen=True, kw_only=True)
class Moment:
    """What had landed by then: every revision of the mission up to ``last``."""

    at: datetime
    last: int


def moment_at(*, mission: Mission, at: datetime) -> Moment:
    """Return the moment at a time.

    Raises:
        ResourceNotFoundError: the mission had no file yet.
    """
    last = _revisions(mission).filter(created_at__lte=at).aggregate(last=Max("pk"))["last"]
    if last is None:
        raise ResourceNotFoundError(_("The mission had no files at that time."))
    return Moment(at=at, last=last)


def moment_of(*, mission: Mission, revision: Revision) -> Moment:
    """Return the moment at which a revision, and what landed together with it, was there."""
    last, seen = revision.pk, {revision.file_id}
    following = _revisions(mission).filter(
        pk__gt=revision.pk,
        created_at=revision.created_at,
        author_kind=revision.author_kind,
        user=revision.user_id,
        run_id=revision.run_id,
    )
    for sibling in following.order_by("pk").only("pk", "file_id").iterator():
        if sibling.file_id in seen:  # the next landing: one holds each file once
            break
        seen.add(sibling.file_id)
        last = sibling.pk
    return Moment(at=revision.created_at, last=last)


def moment_after(*, mission: Mission, seq: int) -> Moment:
    """Return the moment after an event of the mission.

    Raises:
        ResourceNotFoundError: there is no such event, or it is no longer kept.
    """
    events = Event.objects.filter(mission=mission, seq__lte=seq).order_by("-seq")
    event = events.first()
    if event is None or event.seq != seq:
        raise ResourceNotFoundError(
            _("Event %(seq)s is not known any more: name a time instead.") % {"seq": seq}
        )
    change = events.filter(type__in=["file.changed", "file.removed"]).first()
    if change is None:
        return moment_at(mission=mission, at=event.at)
    revision = (
        _revisions(mission)
        .filter(path=change.data["path"], created_at=change.at)
        .order_by("-pk")
        .first()
    )
    if revision is None:
        return moment_at(mission=mission, at=change.at)
    moment = moment_of(mission=mission, revision=revision)
    return Moment(at=event.at, last=moment.last)


def files_at(*, mission: Mission, moment: Moment) -> dict[str, Revision]:
    """Return the last revision of each file that was there, by the path it had then.

    ``file`` is loaded.
    """
    until = _revisions(mission).filter(pk__lte=moment.last)
    last = until.order_by().values("file").annotate(last=Max("pk")).values("last")
    present = Revision.objects.filter(pk__in=last, blob__isnull=False).select_related("file")
    return {revision.path: revision for revision in present.order_by("path")}


def _revisions(mission: Mission) -> QuerySet[Revision]:
    return Revision.objects.filter(file__mission=mission)
