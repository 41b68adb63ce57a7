"""`safe_operation`: how often a thing is tried, and what its failure becomes."""

import pytest

from parallagon.core.errors import FileOperationError, ServiceError, ValidationError
from parallagon.core.retry import RetryPolicy, safe_operation

QUICK = RetryPolicy(attempts=3, first_delay=0, longest_delay=0)


class Flaky:
    """Fails so many times, then answers."""

    def __init__(self, failures: int, error: Exception) -> None:
        self.failures = failures
        self.error = error
        self.calls = 0

    def __call__(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise self.error
        return "done"


class TestSafeOperation:
    def test_tries_again_what_may_do_better(self):
        flaky = Flaky(2, ConnectionError("gone"))

        assert safe_operation("tests", retry=QUICK)(flaky.__call__)() == "done"
        assert flaky.calls == 3

    def test_gives_up_after_its_attempts_with_one_form_of_error(self):
        flaky = Flaky(9, OSError("disk"))

        with pytest.raises(FileOperationError) as failure:
            safe_operation("tests", retry=QUICK, wrap=FileOperationError)(flaky.__call__)()

        assert flaky.calls == 3
        assert isinstance(failure.value.__cause__, OSError)

    def test_does_not_try_again_what_would_only_fail_again(self):
        flaky = Flaky(9, ValidationError("wrong"))

        with pytest.raises(ValidationError):
            safe_operation("tests", retry=QUICK)(flaky.__call__)()

        assert flaky.calls == 1

    def test_tries_once_without_a_policy(self):
        flaky = Flaky(1, ConnectionError("gone"))

        with pytest.raises(ServiceError):
            safe_operation("tests")(flaky.__call__)()

        assert flaky.calls == 1

    def test_returns_the_fallback_even_when_it_is_none(self):
        flaky = Flaky(9, ConnectionError("gone"))

        assert safe_operation("tests", fallback=None)(flaky.__call__)() is None

    def test_two_calls_share_no_attempts(self):
        flaky = Flaky(2, ConnectionError("gone"))
        safe = safe_operation("tests", retry=QUICK)(flaky.__call__)
        safe()
        flaky.calls = 0

        assert safe() == "done"
        assert flaky.calls == 3
