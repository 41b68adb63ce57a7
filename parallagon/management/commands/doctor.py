"""``manage.py doctor``: what is wrong with this installation, and what to do."""

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, ClassVar, Final

from django.core.management.base import CommandParser

from parallagon.doctor import Finding, examine
from parallagon.management.base import FriendlyCommand

MARKS: Final = {"fine": "✓", "warning": "!", "problem": "✗"}


class Command(FriendlyCommand):
    help = (
        "Say what is wrong with this installation and what to do. "
        "Exit code 0: nothing, 1: warnings, 2: problems."
    )
    # It says itself, in sentences, what would keep other commands from running.
    requires_system_checks = ()
    quiet: ClassVar[Mapping[str, int]] = {"": logging.CRITICAL}

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe what can be chosen."""
        parser.add_argument("--json", action="store_true", help="for programs")
        parser.add_argument(
            "--models", action="store_true", help="ask the providers whose keys are set, too"
        )

    def handle(self, *args: Any, models: bool, **options: Any) -> None:
        """Print each finding as it is found."""
        found = []
        for finding in examine(asks_models=models):
            found.append(finding)
            if not options["json"]:
                self._say(finding)
        status = _status(found)
        if options["json"]:
            told = {"status": status, "findings": [asdict(finding) for finding in found]}
            self.stdout.write(json.dumps(told, ensure_ascii=False, indent=2))
        else:
            self.stdout.write(_sum(found))
        if code := {"fine": 0, "warning": 1, "problem": 2}[status]:
            raise SystemExit(code)

    def _say(self, finding: Finding) -> None:
        self.stdout.write(f"{MARKS[finding.level]} {finding.sentence}")
        if finding.advice:
            self.stdout.write(f"  → {finding.advice}")
        self.stdout.flush()


def _status(found: Sequence[Finding]) -> str:
    levels = {finding.level for finding in found}
    return next((level for level in ("problem", "warning") if level in levels), "fine")


def _sum(found: Sequence[Finding]) -> str:
    counts = {level: sum(one.level == level for one in found) for level in MARKS}
    if counts["problem"] or counts["warning"]:
        return f"{counts['problem']} problems, {counts['warning']} warnings."
    return "Everything is well."
