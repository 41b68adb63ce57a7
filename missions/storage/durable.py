"""Names of contents, and folders whose entries are on the disk."""

import hashlib
import os
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def sha256(content: bytes) -> str:
    """Return the name under which ``content`` is kept."""
    return hashlib.sha256(content).hexdigest()


def sync(folder: Path) -> None:
    descriptor = os.open(folder, _FOLDER)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
