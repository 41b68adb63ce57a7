"""The files of a mission as they are, and as they were."""

from collections.abc import Collection
from uuid import UUID

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _

from missions import locks, paths
from missions.cache import CachedStore
from missions.models import (
    Mission,
    MissionFile,
    Provenance,
    Revision,
)
from missions.selectors.missions import LARGEST_ID
from missions.standard import REQUEST
from missions.whereabouts import moved_file
from parallagon.core.errors import (
    ResourceNotFoundError,
)


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
        raise no_file(path, moved)
    return found


def current_revision(file: MissionFile) -> Revision:
    """Return the last revision of a file that ``current_files`` gave."""
    if file.current is None:
        raise no_file(file.path)
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
        raise no_file(path)
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
        raise no_file(REQUEST)
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


def no_file(path: str, moved: MissionFile | None = None) -> ResourceNotFoundError:
    if moved is None or moved.is_removed:
        sentence = _("There is no file %(path)s in this mission.") % {"path": path}
        return ResourceNotFoundError(sentence, path=path)
    sentence = _("%(path)s is called %(new)s now.") % {"path": path, "new": moved.path}
    return ResourceNotFoundError(sentence, path=path, moved_to=moved.path)


def writer_of(*, mission: Mission) -> locks.Holder | None:
    """Return who holds the mission's write lock now, as far as is known."""
    return locks.writer(mission.pk)


def worker_of(*, run_id: UUID) -> locks.Holder | None:
    """Return which process is at a run now, as far as is known."""
    return locks.RunLock.holder(run_id)
