"""Reading missions: what a person may see, the files as they are, what happened since."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, FilteredRelation, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from missions import locks, paths
from missions.cache import CachedStore
from missions.models import (
    Event,
    Membership,
    Mission,
    MissionFile,
    MissionTransition,
    Proposal,
    Provenance,
    Revision,
)
from missions.standard import REQUEST
from missions.whereabouts import moved_file
from parallagon.accounts.models import User
from parallagon.core.errors import (
    PermissionDeniedError,
    ResourceNotFoundError,
    ValidationError,
)

LARGEST_ID = 2**63 - 1
MOST_EVENTS = 1000


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


# -- members -----------------------------------------------------------------------------------


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


# -- files -------------------------------------------------------------------------------------


def current_files(*, mission: Mission) -> QuerySet[MissionFile]:
    """Return the files that are there now, ordered by path, their last revisions loaded."""
    return (
        MissionFile.objects.filter(mission=mission)
        .present()
        .select_related("current__blob", "current__user")
        .order_by("path")
    )


def contents_of(*, mission_id: int) -> list[str]:
    """Return the hashes of the contents of the files that are there now; one query."""
    files = MissionFile.objects.filter(mission_id=mission_id).present().order_by("path")
    hashes = files.values_list("current__blob_id", flat=True)
    return [name for name in hashes if name]


def current_file(*, mission: Mission, path: str) -> MissionFile:
    """Return a file that is there now, its last revision loaded.

    Raises:
        ValidationError: no file can have this path.
        ResourceNotFoundError: there is no such file; the details say where it moved, if it did.
    """
    found = current_files(mission=mission).filter(path=paths.validate_path(path)).first()
    if found is None:
        moved = moved_file(mission_id=mission.pk, path=paths.normal(path))
        raise _no_file(path, moved)
    return found


def current_revision(file: MissionFile) -> Revision:
    """Return the last revision of a file that ``current_files`` gave."""
    if file.current is None:
        raise _no_file(file.path)
    return file.current


def current_text(file: MissionFile) -> str:
    """Return the text of a file as it is now: line ends LF, no BOM."""
    return text_of(current_revision(file))


def text_of(revision: Revision) -> str:
    """Return the text of a revision; empty where it removed the file."""
    return blob_text(revision.blob_id)


def blob_text(blob_hash: str | None) -> str:
    """Return the text of a stored content; empty for none."""
    if blob_hash is None:
        return ""
    return CachedStore().text(blob_hash).text


def files_at(*, mission_id: int, wanted: Collection[str]) -> dict[str, MissionFile]:
    """Return the files that are at some paths now, by path, their last revisions loaded."""
    files = MissionFile.objects.filter(mission_id=mission_id, path__in=wanted).present()
    return {file.path: file for file in files.select_related("current__user")}


def revisions_of(*, mission: Mission, path: str, file: int | None = None) -> QuerySet[Revision]:
    """Return every revision of a file, of one that moved away or was removed too, newest first.

    ``file`` is its key, where several were at ``path``.

    Raises:
        ValidationError: no file can have this path.
        ResourceNotFoundError: there never was such a file.
    """
    path = paths.validate_path(path)
    files = MissionFile.objects.filter(mission=mission)
    files = files.filter(path=path) if file is None else files.filter(pk=min(file, LARGEST_ID))
    found = files.order_by("is_removed", "-pk").first()  # the one that is there, or was last
    if found is None and file is None:
        found = moved_file(mission_id=mission.pk, path=path)
    if found is None:
        raise _no_file(path)
    return (
        Revision.objects.filter(file=found)
        .select_related("blob", "user", "file")
        .order_by("-number")
    )


def revision_of(*, mission: Mission, path: str, number: int, file: int | None = None) -> Revision:
    """Return one revision of a file.

    Raises:
        ValidationError: no file can have this path.
        ResourceNotFoundError: there is no such revision.
    """
    found = (
        revisions_of(mission=mission, path=path, file=file).filter(number=number).first()
        if number <= LARGEST_ID
        else None
    )
    if found is None:
        sentence = _("%(path)s has no revision %(number)s.") % {"path": path, "number": number}
        raise ResourceNotFoundError(sentence, path=path, number=number)
    return found


def first_request(*, mission: Mission) -> Revision:
    """Return the request as it was at first, whichever file has its path by now.

    Raises:
        ResourceNotFoundError: the mission never had one.
    """
    there = Revision.objects.filter(file__mission=mission, path=REQUEST, blob__isnull=False)
    first = there.select_related("file").order_by("pk").first()
    if first is None:
        raise _no_file(REQUEST)
    return first


def current_revisions_to_follow(*, behind: int) -> QuerySet[Revision]:
    """Return current revisions that are ``behind`` further than the last kept provenance."""
    kept = (
        Provenance.objects.filter(revision__file=OuterRef("file"))
        .order_by("-revision__number")
        .values("revision__number")[:1]
    )
    current = MissionFile.objects.present().filter(current__number__gte=behind)
    return (
        Revision.objects.filter(pk__in=current.values("current"))
        .annotate(kept=Coalesce(Subquery(kept), 0))
        .filter(number__gte=F("kept") + behind)
        .order_by("pk")
    )


def _no_file(path: str, moved: MissionFile | None = None) -> ResourceNotFoundError:
    if moved is None or moved.is_removed:
        sentence = _("There is no file %(path)s in this mission.") % {"path": path}
        return ResourceNotFoundError(sentence, path=path)
    sentence = _("%(path)s is called %(new)s now.") % {"path": path, "new": moved.path}
    return ResourceNotFoundError(sentence, path=path, moved_to=moved.path)


# -- proposals ---------------------------------------------------------------------------------


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


# -- events ------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Missed:
    """What follows a number: the events in order, or the advice to fetch everything again.

    ``seq`` is the number of the mission's last event; ``oldest`` the first that is still kept.
    """

    seq: int
    oldest: int
    events: tuple[Event, ...]
    must_resync: bool


def events_after(*, mission_id: int, after: int, limit: int = MOST_EVENTS) -> list[Event]:
    """Return up to ``limit`` events with a number above ``after``, in order."""
    events = Event.objects.filter(mission_id=mission_id, seq__gt=min(after, LARGEST_ID))
    return list(events.order_by("seq")[:limit])


def live_position(*, mission_id: int) -> tuple[int, int]:
    """Return the number of the last event, and of the oldest that is kept (else the next one).

    Raises:
        ResourceNotFoundError: the mission is gone.
    """
    oldest = Event.objects.filter(mission=OuterRef("pk")).order_by("seq").values("seq")[:1]
    row = (
        Mission.objects.filter(pk=mission_id)
        .annotate(oldest=Subquery(oldest))
        .values_list("seq", "oldest")
        .first()
    )
    if row is None:
        raise ResourceNotFoundError("There is no such mission.")
    seq, kept = row
    return seq, seq + 1 if kept is None else kept


def missed_events(*, mission_id: int, after: int) -> Missed:
    """Return what someone who has everything up to ``after`` lacks.

    Too much (more than 1,000), too old (no longer kept), or a number from the future: no events,
    ``must_resync``.

    Raises:
        ResourceNotFoundError: the mission is gone.
    """
    seq, oldest = live_position(mission_id=mission_id)
    events: tuple[Event, ...] = ()
    is_lost = after > seq or seq - after > MOST_EVENTS
    if after < seq and not is_lost:
        events = tuple(events_after(mission_id=mission_id, after=after))
        is_lost = not events or events[0].seq != after + 1
    if is_lost:
        return Missed(seq=seq, oldest=oldest, events=(), must_resync=True)
    last = events[-1].seq if events else seq
    return Missed(seq=max(seq, last), oldest=oldest, events=events, must_resync=False)


def seen_by(*, user_id: int, mission_id: int) -> int | None:
    """Return the number of the last event if the user may (still) look on, else ``None``."""
    if mission_id > LARGEST_ID:
        return None
    return (
        Mission.objects.filter(
            pk=mission_id, memberships__user_id=user_id, memberships__user__is_active=True
        )
        .exclude(state=Mission.State.DELETED)
        .values_list("seq", flat=True)
        .first()
    )


# -- locks -------------------------------------------------------------------------------------


def writer_of(*, mission: Mission) -> locks.Holder | None:
    """Return who holds the mission's write lock now, as far as is known."""
    return locks.writer(mission.pk)


def worker_of(*, run_id: UUID) -> locks.Holder | None:
    """Return which process is at a run now, as far as is known."""
    return locks.RunLock.holder(run_id)
