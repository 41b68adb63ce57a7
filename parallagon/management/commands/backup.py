"""``manage.py backup FILE``: everything in one file, while everything goes on."""

from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from parallagon.backup import Archive, BackUp
from parallagon.management.base import FriendlyCommand


class Command(FriendlyCommand):
    help = "Write every row, content and log into one new file, and read it again."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the file, and looking at one that is there."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--verify", action="store_true", help="only look whether it is whole")

    def handle(self, *args: Any, file: Path, verify: bool, **options: Any) -> None:
        """Make the backup, or look at one."""
        if verify:
            made_at = Archive(file).verify()["made_at"]
            self.stdout.write(f"{file} is whole; it was made at {made_at}.")
            return
        size = BackUp(file=file.absolute(), now=timezone.now()).execute()
        self.stdout.write(f"{file}: {size} bytes, whole.")
