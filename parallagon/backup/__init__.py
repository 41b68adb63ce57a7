"""Backups: one archive with every row and every content, which any database can take."""

from parallagon.backup.archive import Archive, BackupDamaged
from parallagon.backup.make import BackUp
from parallagon.backup.restore import NotEmpty, Restore

__all__ = ["Archive", "BackUp", "BackupDamaged", "NotEmpty", "Restore"]
