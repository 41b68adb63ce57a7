"""The data directory: may it be used, is there room, do others keep out?"""

import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from django.conf import settings

from parallagon.doctor.finding import Finding, fine, problem, warning
from parallagon.inside import readiness

SECRETS: Final = ("secret_key", "db.sqlite3")
_FREE: Final = "Free some, or move the data directory to a larger disk."


def examine() -> Iterator[Finding]:
    """Write to it, measure it, and look who may read it."""
    folder = Path(settings.DATA_DIR)
    try:
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".doctor-") as probe:
            probe.write(b"well")
            probe.flush()
        yield fine("place.writable", f"The data directory {folder} can be written.")
    except OSError as error:
        yield problem(
            "place.writable",
            f"The data directory {folder} cannot be written: {error.strerror}.",
            "Make it writable for who runs Parallagon, or set PARALLAGON_DATA_DIR to another one.",
        )
    yield from _room()
    yield from _rights(folder)


def _room() -> Iterator[Finding]:
    if (said := readiness.disk()) is None:
        yield fine("place.room", "There is room on its disk.")
    else:
        yield problem("place.room", f"Its disk is nearly full: {said}.", _FREE)


def _rights(folder: Path) -> Iterator[Finding]:
    open_to_others = []
    try:
        if folder.stat().st_mode & stat.S_IWOTH:
            open_to_others.append(str(folder))
        for name in SECRETS:
            file = folder / name
            wrong = stat.S_IROTH if name == "secret_key" else stat.S_IWOTH
            if file.exists() and file.stat().st_mode & wrong:
                open_to_others.append(str(file))
    except OSError:
        return  # said above: it cannot be used at all
    for path in open_to_others:
        yield warning(
            "place.rights",
            f"Every user of this machine can read or change {path}.",
            f"Take that away: chmod o-rwx {path}",
        )
