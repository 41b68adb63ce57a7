"""What goes into a landing and what comes out of it."""

from dataclasses import dataclass
from typing import Any

from missions.models import Proposal, Revision
from parallagon.core.errors import Conflict


@dataclass(frozen=True, kw_only=True)
class Change:
    """What an author wants of one file.

    Attributes:
        path: a valid path.
        text: the whole new text; ``None`` removes the file.
        base: the revision number the author began with. With a text, ``None`` creates the file;
            without, ``None`` removes whatever is there.
        operation: what the revision is called, if not what follows from the rest.
    """

    path: str
    text: str | None
    base: int | None = None
    operation: Revision.Operation | None = None


@dataclass(frozen=True, kw_only=True)
class Landing:
    """What came of it.

    Attributes:
        revisions: the new current revisions, with ``file`` and ``blob`` loaded; none for text that
            was there already.
        merged: paths whose text is now not what the author sent, because others had written.
        proposal: where everything went instead, when it could not land by itself.
        set_aside: (path, new name) of what another program left there that is not text.
    """

    revisions: tuple[Revision, ...] = ()
    merged: frozenset[str] = frozenset()
    proposal: Proposal | None = None
    set_aside: tuple[tuple[str, str], ...] = ()


class LandingConflict(Conflict):
    """A person's text overlaps with what others wrote since.

    ``details``: ``path``, ``base {revision, text}``, ``theirs {revision, text, author}``,
    ``mine {text}``. A text is ``None`` where the file is removed.
    """

    def __init__(
        self,
        path: str,
        *,
        base: dict[str, Any],
        theirs: dict[str, Any],
        mine: dict[str, Any],
    ) -> None:
        super().__init__(
            f"Someone else changed the same lines of {path}.",
            path=path,
            base=base,
            theirs=theirs,
            mine=mine,
        )
