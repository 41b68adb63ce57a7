"""``manage.py restore FILE``: everything back, into an installation that has nothing yet."""

from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import CommandParser
from django.utils import timezone

from parallagon.backup import Archive, Restore
from parallagon.management.base import FriendlyCommand


class Command(FriendlyCommand):
    help = "Bring a backup back into an empty database and data directory."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the file, and looking at it without writing."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--verify", action="store_true", help="only look whether it is whole")

    def handle(self, *args: Any, file: Path, verify: bool, **options: Any) -> None:
        """Restore and say what was found; exit code 1 when something stays wrong."""
        if verify:
            made_at = Archive(file).verify()["made_at"]
            self.stdout.write(f"{file} is whole; it was made at {made_at}.")
            return
        call_command("migrate", interactive=False, verbosity=0)
        report = Restore(file=file.absolute(), now=timezone.now()).execute()
        call_command("reindex", stdout=StringIO())
        for finding in report.open:
            self.stdout.write(f"{finding.kind.label}: {finding.path} ({finding.detail})")
        self.stdout.write(
            f"{report.file_count} files and {report.blob_count} contents are back; "
            f"{len(report.open)} findings are open."
        )
        if report.open:
            raise SystemExit(1)
