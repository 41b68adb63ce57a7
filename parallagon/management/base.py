"""What every command of ours does alike."""

import logging
import sys
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from parallagon.core.errors import ParallagonError


class FriendlyCommand(BaseCommand):
    """Say results on standard output; a refusal is a sentence and exit code 1, never a trace."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command without the log lines of each operation."""
        operations = logging.getLogger("parallagon.core")
        before = operations.level
        if settings.LOG_LEVEL != "DEBUG":
            operations.setLevel(logging.WARNING)
        try:
            return super().execute(*args, **options)
        except ParallagonError as error:
            sys.exit(error.message)
        finally:
            operations.setLevel(before)
