"""What every command of ours does alike."""

import logging
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.core.management.base import BaseCommand

from parallagon.core import telemetry
from parallagon.core.errors import ParallagonError


class FriendlyCommand(BaseCommand):
    """Say results on standard output; a refusal is a sentence and exit code 1, never a trace."""

    quiet: ClassVar[Mapping[str, int]] = {"parallagon.core": logging.WARNING}
    """The least that these loggers say meanwhile."""

    traced_as: ClassVar[str | None] = None
    """Its name in traces, where it works for longer than a moment."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Run the command without the log lines of each operation."""
        loggers = {logging.getLogger(name): level for name, level in self.quiet.items()}
        before = {logger: logger.level for logger in loggers}
        if self.traced_as:
            telemetry.start(self.traced_as, settings.ENVIRONMENT)
        if settings.LOG_LEVEL != "DEBUG":
            _set_levels(loggers)
        try:
            return super().execute(*args, **options)
        except ParallagonError as error:
            sys.exit(error.message)
        finally:
            _set_levels(before)


def _set_levels(levels: Mapping[logging.Logger, int]) -> None:
    for logger, level in levels.items():
        logger.setLevel(level)
