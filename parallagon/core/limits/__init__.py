"""How often anybody may ask, and less often while the server is under pressure.

``RATE_LIMITS`` holds a rate for each class of requests. The edge (``parallagon.edge.floods``) turns
floods away before anything is asked of the database; ``throttle`` counts each person's requests by
class, in Redis, for all processes together. Both allow the share of their rate that the
``governor`` gives at the moment, by how requests have gone of late (``pressure``).
"""

from typing import Final

from django.conf import settings

from parallagon.core.errors import ParallagonError

Rate = tuple[int, int]
"""So many in so many seconds."""

READ: Final = "read"
WRITE: Final = "write"
EXPENSIVE: Final = "expensive"
"""What takes long or much: archives, searches, previews."""
CONTROL: Final = "control"
"""What starts and ends the work of agents."""
ANONYMOUS: Final = "anonymous"
SIGN_IN: Final = "sign_in"
SIGN_IN_ADDRESS: Final = "sign_in_address"
FLOOD: Final = "flood"
STATIC: Final = "static"
ADDRESS: Final = "address"
CLASSES: Final = (READ, WRITE, EXPENSIVE, CONTROL)
"""What a view may say of itself in ``limited_as``."""


class TooManyRequests(ParallagonError):  # noqa: N818 - says what is wrong
    code = "throttled"
    status = 429


def rate(name: str) -> Rate | None:
    """Return the rate of a class; ``None`` is no limit."""
    found: Rate | None = settings.RATE_LIMITS.get(name)
    return found
