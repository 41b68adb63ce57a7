"""``manage.py serve NAME``: one process of an installation, where something else supervises it."""

import os
import sys
from typing import Any

from django.core.management.base import CommandParser

from parallagon.inside import counted
from parallagon.management.base import FriendlyCommand
from parallagon.supervisor.plan import measures_folder, process_plan


class Command(FriendlyCommand):
    help = "Become one of the processes that `manage.py up` would start: web, cycles, beat …"

    def add_arguments(self, parser: CommandParser) -> None:
        """Describe the choice."""
        parser.add_argument("name", choices=[spec.name for spec in process_plan()])

    def handle(self, *args: Any, name: str, **options: Any) -> None:
        """Run its command in place of this process, so that signals reach it."""
        [spec] = [spec for spec in process_plan() if spec.name == name]
        counted.begin(measures_folder())
        for variable in ("PYTHONWARNINGS", counted.VARIABLE):
            os.environ[variable] = spec.environment[variable]
        sys.stdout.flush()
        os.execvp(spec.command[0], spec.command)  # noqa: S606 - a fixed list
