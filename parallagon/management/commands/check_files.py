"""``manage.py check_files``: do files, contents and rows agree?"""

from typing import Any

from django.core.management.base import CommandParser
from django.utils import timezone

from missions import integrity
from missions.models import Mission
from parallagon.management.base import FriendlyCommand


class Command(FriendlyCommand):
    help = "Compare every file and content with its row; exit code 1 when something stays wrong."

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe what can be chosen."""
        parser.add_argument("missions", nargs="*", type=int, help="numbers; all when omitted")
        parser.add_argument("--mend", action="store_true", help="mend what can be mended")

    def handle(self, *args: Any, missions: list[int], mend: bool, **options: Any) -> None:
        """Print a line for each finding, then a sum."""
        chosen = Mission.objects.filter(pk__in=missions) if missions else None
        report = integrity.sweep(now=timezone.now(), missions=chosen, mends=mend, everything=True)
        for finding in report.findings:
            where = f"mission {finding.mission}: " if finding.mission else ""
            done = " — mended" if finding.is_mended else ""
            said = f"{where}{finding.kind.label}: {finding.path} ({finding.detail}){done}"
            self.stdout.write(said)
        self.stdout.write(
            f"{report.file_count} files, {report.blob_count} contents, "
            f"{len(report.findings)} findings, {len(report.open)} open."
        )
        if report.open:
            raise SystemExit(1)
