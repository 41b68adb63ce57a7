"""Entity tags: of files, one for each revision; of missions, one for each change of settings."""

from hashlib import sha256

from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext as _
from rest_framework.request import Request

from missions.models import Mission, Revision
from parallagon.core.errors import PreconditionFailed


def etag_of(revision: Revision) -> str:
    """Return the tag of a file as of one revision."""
    return quote_etag(f"{revision.number}-{(revision.blob_id or 'removed')[:16]}")


def tag_of_facts(*facts: object) -> str:
    """Return the tag of an answer that follows from ``facts`` alone."""
    return quote_etag(sha256("\n".join(map(str, facts)).encode()).hexdigest()[:32])


def _given(request: Request, header: str) -> set[str]:
    """Return the tags in a header; one that compression made weak names the same revision."""
    return _tags(request.headers.get(header, ""))


def is_known(request: Request, revision: Revision) -> bool:
    """Return whether the caller has this revision already (``If-None-Match``)."""
    return has(request, etag_of(revision))


def has(request: Request, etag: str) -> bool:
    """Return whether the caller has the answer with this tag already (``If-None-Match``)."""
    return names(request.headers.get("If-None-Match", ""), etag)


def names(header: str, etag: str) -> bool:
    """Return whether an ``If-None-Match`` header names this tag."""
    given = _tags(header)
    return "*" in given or etag in given


def _tags(header: str) -> set[str]:
    """Return the tags in a header; one that compression made weak names the same answer."""
    return {tag.removeprefix("W/") for tag in parse_etags(header)}


def is_strict(request: Request) -> bool:
    """Return whether the caller insists on a revision (``If-Match``)."""
    return "If-Match" in request.headers


def require_match(request: Request, revision: Revision | None) -> None:
    """Refuse unless the file is as the caller knows it.

    Raises:
        PreconditionFailed: it is not there, or another revision is current.
    """
    given = _given(request, "If-Match")
    if revision is None or ("*" not in given and etag_of(revision) not in given):
        raise PreconditionFailed(
            _("Someone else changed this file in between."),
            revision=revision.number if revision else None,
        )


def etag_of_mission(mission: Mission) -> str:
    """Return the tag of what people set about a mission; what its files hold is not in it."""
    return quote_etag(f"{mission.pk}-{mission.version}")


def version_to_match(request: Request, mission: Mission) -> int | None:
    """Return the version that the caller insists on (``If-Match``), ``None`` for whichever.

    Raises:
        PreconditionFailed: the mission is at another one.
    """
    given = _given(request, "If-Match")
    if not is_strict(request) or "*" in given:
        return None
    if etag_of_mission(mission) not in given:
        raise PreconditionFailed(_("Someone else changed this mission in between."))
    return mission.version
