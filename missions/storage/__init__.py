"""Where bytes lie: a mission's folder, and the store of all contents ever landed.

The only module that knows the layout of the data directory's ``missions/`` and ``blobs/``.
"""

from missions.storage.blobs import BlobStore
from missions.storage.durable import sha256
from missions.storage.folder import FileManager

__all__ = ["BlobStore", "FileManager", "sha256"]
