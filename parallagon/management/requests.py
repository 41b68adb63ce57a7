"""A request that a person gives by the name of its file."""

import sys
from pathlib import Path

from parallagon.core.errors import ValidationError


def read_request(name: str) -> str:
    """Return the text of the request; ``-`` is standard input.

    Raises:
        ValidationError: it cannot be read, or is not text.
    """
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValidationError(f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise ValidationError(f"{name} is not UTF-8 text.") from error
