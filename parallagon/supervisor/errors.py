"""Why an installation does not start."""

from parallagon.core.errors import ServiceError


class CannotStart(ServiceError):  # noqa: N818 - it reads as the sentence it carries
    """Nothing was started, or all of it was ended again; the sentence says what to do."""

    code = "cannot_start"
