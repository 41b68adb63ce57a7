"""A new operation: how many words the files of a mission hold, and when that is too many."""

import logging
from dataclasses import dataclass
from typing import ClassVar

from missions.models import Mission
from missions.selectors import contents_of, current_files, current_text
from parallagon.core.errors import ParallagonError, ServiceError, ValidationError
from parallagon.core.services import BaseService

logger = logging.getLogger(__name__)


class WordsNotCounted(ServiceError):  # noqa: N818 - says what happened
    """The words could not be counted, for a reason that nobody foresaw."""

    code = "words_not_counted"


@dataclass(frozen=True, kw_only=True)
class CountWords(BaseService[dict[str, int]]):
    """Return the words of each file of a mission: path → number.

    Raises:
        ValidationError: there are more files than ``most``.
        WordsNotCounted: it failed unexpectedly.
    """

    operation: ClassVar[str] = "examples.words.count"
    wraps_errors_as: ClassVar[type[ParallagonError]] = WordsNotCounted
    mission: Mission
    most: int = 1000

    def _validate_input(self) -> None:
        """Refuse before anything is read."""
        count = len(contents_of(mission_id=self.mission.pk))
        if count > self.most:
            raise ValidationError(f"There are {count} files, more than {self.most}.", count=count)

    def _perform(self) -> dict[str, int]:
        files = current_files(mission=self.mission)
        return {file.path: len(current_text(file).split()) for file in files}

    def _handle_error(self, error: Exception) -> ParallagonError:
        """Say which mission it was; the base logs, and wraps what nobody foresaw."""
        handled = super()._handle_error(error)
        handled.details = {**handled.details, "mission": self.mission.pk}
        return handled

    def _log_operation(self, seconds: float) -> None:
        """Add the mission to the line that every operation logs."""
        super()._log_operation(seconds)
        logger.info("counted the words of mission %s", self.mission.pk)
