"""Whoever began with a file before it moved means that file, wherever it is now."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.utils.translation import gettext as _

from missions.landing.current import Current
from missions.landing.terms import Change
from missions.models import MissionFile
from missions.whereabouts import moved_file
from parallagon.core.errors import ValidationError


def follow(
    mission_id: int, changes: Sequence[Change], current: Mapping[str, Current]
) -> list[Change]:
    """Return the changes at the paths that their files have now.

    Raises:
        ValidationError: a file that is named by its key is not of this mission.
    """
    return [_follow(mission_id, change, current[change.path]) for change in changes]


def _follow(mission_id: int, change: Change, current: Current) -> Change:
    if change.moved_from is not None:
        return change
    file = _file_of(mission_id, change, current)
    if file is None or file.path == change.path:
        return change
    return replace(change, path=file.path, file=file.pk)


def _file_of(mission_id: int, change: Change, current: Current) -> MissionFile | None:
    if change.file is not None:
        if current.file and current.file.pk == change.file:
            return current.file
        found = MissionFile.objects.filter(mission_id=mission_id, pk=change.file).first()
        if found is None:
            raise ValidationError(_("There is no such file in this mission."), path=change.path)
        return found
    if change.base is None:
        return None
    if current.hash is not None:
        return current.file  # which may be spelled with other case by now
    return moved_file(mission_id=mission_id, path=change.path)
