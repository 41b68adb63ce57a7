"""What goes into a landing and what comes out of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from missions.authors import Author
from missions.models import Proposal, Revision
from parallagon.core.errors import Conflict


@dataclass(frozen=True, kw_only=True)
class Change:
    """What an author wants of one file.

    Attributes:
        path: a valid path. A file that has moved since ``base`` is followed to where it is now.
        text: the whole new text; ``None`` removes the file, or keeps its text where it moves.
        base: the revision number the author began with. With a text, ``None`` creates the file;
            without, ``None`` removes, or moves, whatever is there.
        operation: what the revision is called, if not what follows from the rest.
        moved_from: where the file is until now, if it moves.
        file: the key of the file that is meant, wherever it is now; without, it is the one at
            ``path``, or the one that was there last.
        author: who wrote it, if not the author of the landing.
    """

    path: str
    text: str | None
    base: int | None = None
    operation: Revision.Operation | None = None
    moved_from: str | None = None
    file: int | None = None
    author: Author | None = None

    @property
    def paths(self) -> tuple[str, ...]:
        """Return the paths that it touches."""
        return (self.path,) if self.moved_from is None else (self.moved_from, self.path)

    @property
    def leaves(self) -> str | None:
        """Return the path at which no file will be, where it moves or is removed."""
        return self.path if self.text is None and self.moved_from is None else self.moved_from


@dataclass(frozen=True, kw_only=True)
class Landing:
    """What came of it.

    Attributes:
        revisions: the new current revisions, with ``file`` and ``blob`` loaded; none for text that
            was there already.
        merged: paths whose text is now not what the author sent, because others had written.
        proposal: where everything went instead, when it could not land by itself.
        set_aside: (path, new name) of what another program left there that is not text.
        followed: path that was sent → path at which it landed, because the file had moved.
    """

    revisions: tuple[Revision, ...] = ()
    merged: frozenset[str] = frozenset()
    proposal: Proposal | None = None
    set_aside: tuple[tuple[str, str], ...] = ()
    followed: Mapping[str, str] = field(default_factory=dict)


class FileExists(Conflict):
    """A file of that name is there already."""

    code = "exists"

    @classmethod
    def at(cls, path: str) -> "FileExists":
        return cls(_("There is a file %(path)s already.") % {"path": path}, path=path)


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
            _("Someone else changed the same lines of %(path)s.") % {"path": path},
            path=path,
            base=base,
            theirs=theirs,
            mine=mine,
        )
