"""Reading where files are, were, and would be: below a folder, moved away, removed."""

from missions import paths
from missions.models import Mission, MissionFile, Revision


def files_below(*, mission: Mission, folder: str) -> list[MissionFile]:
    """Return the files that are in ``folder`` now, at any depth, their last revisions loaded."""
    prefix = f"{paths.normal(folder)}/"
    files = MissionFile.objects.filter(mission=mission, path__startswith=prefix).present()
    files = files.select_related("current").order_by("path")
    return [file for file in files if file.path.startswith(prefix)]  # SQLite ignores case


def moved_file(*, mission_id: int, path: str) -> MissionFile | None:
    """Return the file that was last at ``path`` and has another one now, if there is one."""
    last = (
        Revision.objects.filter(file__mission_id=mission_id, path=path)
        .select_related("file")
        .order_by("-pk")
        .first()
    )
    return last.file if last and last.file.path != path else None


def removed_files(*, mission: Mission) -> list[Revision]:
    """Return the last text of each file that was removed, the last removed first.

    ``file`` of each is loaded, and ``file.current`` is the revision that removed it.
    """
    files = (
        MissionFile.objects.filter(mission=mission, is_removed=True)
        .select_related("current__user", "current__parent__blob", "current__parent__user")
        .order_by("-current__created_at", "path")
    )
    return [last for file in files if (last := _last_text(file))]


def _last_text(file: MissionFile) -> Revision | None:
    last = file.current.parent if file.current else None
    if last is not None:
        last.file = file
    return last
