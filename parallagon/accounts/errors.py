"""What signing in by pages may meet."""

from parallagon.core.errors import ParallagonError


class TooManyAttempts(ParallagonError):  # noqa: N818 - says what happened
    """Somebody tried too often of late."""

    code = "throttled"
    status = 429
