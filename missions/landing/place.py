"""Where a mission's folder is now, asked under the write lock: it may have moved meanwhile."""

from django.utils.translation import gettext as _

from missions.models import Mission
from missions.storage import FileManager
from parallagon.core.errors import ResourceNotFoundError


def folder_of(mission: Mission) -> FileManager:
    """Return the mission's folder, having corrected ``mission.folder``; needs the write lock.

    Raises:
        ResourceNotFoundError: the mission was purged.
    """
    folder = Mission.objects.filter(pk=mission.pk).values_list("folder", flat=True).first()
    if folder is None:
        raise ResourceNotFoundError(_("There is no such mission, or none that you may see."))
    mission.folder = folder
    return FileManager(mission)
