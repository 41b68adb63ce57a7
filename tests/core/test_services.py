"""Operations: validated, performed, logged; their failures have one form."""

import logging
from dataclasses import dataclass, field

import pytest

from parallagon.core.errors import (
    AgentError,
    ErrorHandler,
    FileOperationError,
    Gone,
    LockError,
    ParallagonError,
    ResourceNotFoundError,
    ServiceError,
    ValidationError,
)
from parallagon.core.services import BaseService


@dataclass(frozen=True, kw_only=True)
class Divide(BaseService[float]):
    """Divide, with a collaborator that a test can replace."""

    operation = "tests.divide"
    dividend: float
    divisor: float
    spoken: list[str] = field(default_factory=list)

    def _validate_input(self) -> None:
        if self.dividend < 0:
            raise ValidationError("The dividend is below zero.", dividend=self.dividend)

    def _perform(self) -> float:
        self.spoken.append("performed")
        return self.dividend / self.divisor


class TestBaseService:
    def test_returns_what_the_operation_gives_and_logs_its_duration(self, caplog):
        with caplog.at_level(logging.INFO, logger="parallagon.core.services"):
            result = Divide(dividend=6, divisor=3).execute()

        assert result == 2
        record = caplog.records[-1]
        assert record.operation == "tests.divide"
        assert record.duration_ms >= 0

    def test_refuses_before_anything_is_touched(self):
        spoken: list[str] = []

        with pytest.raises(ValidationError) as refusal:
            Divide(dividend=-1, divisor=3, spoken=spoken).execute()

        assert refusal.value.details == {"dividend": -1}
        assert spoken == []

    def test_turns_a_defect_into_a_service_error_with_its_cause(self, caplog):
        with pytest.raises(ServiceError) as failure:
            Divide(dividend=1, divisor=0).execute()

        assert isinstance(failure.value.__cause__, ZeroDivisionError)
        assert "ZeroDivisionError" in caplog.text


class TestErrorHandler:
    def test_lets_what_was_foreseen_pass_untouched(self):
        foreseen = LockError("It is busy.")

        assert ErrorHandler("tests").handle(foreseen) is foreseen

    def test_captures_a_block(self):
        with pytest.raises(AgentError), ErrorHandler("tests", wrap=AgentError).capture(run="1"):
            raise OSError("disk")

    @pytest.mark.parametrize(
        ("error", "code", "status"),
        [
            (ValidationError, "invalid", 422),
            (ResourceNotFoundError, "not_found", 404),
            (Gone, "gone", 410),
            (ServiceError, "service_failed", 500),
            (AgentError, "agent_failed", 500),
            (FileOperationError, "file_failed", 500),
            (LockError, "locked", 503),
        ],
    )
    def test_every_failure_has_a_stable_code_and_a_status(self, error, code, status):
        assert issubclass(error, ParallagonError)
        assert (error.code, error.status) == (code, status)
