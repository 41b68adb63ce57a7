"""Who wrote a revision, and how that is told."""

import uuid
from dataclasses import dataclass
from typing import Any, ClassVar

from missions.models import Revision
from parallagon.accounts.models import User

Kind = Revision.AuthorKind


@dataclass(frozen=True, kw_only=True)
class Author:
    """A person, an agent in one of its runs, another program, or Parallagon itself.

    ``told`` is the name of a person without an account here, as an archive told it.
    """

    kind: Revision.AuthorKind
    user: User | None = None
    role: str = ""
    run_id: uuid.UUID | None = None
    told: str = ""

    EXTERNAL: ClassVar["Author"]
    SYSTEM: ClassVar["Author"]

    @classmethod
    def person(cls, user: User) -> "Author":
        return cls(kind=Kind.PERSON, user=user)

    @classmethod
    def agent(cls, role: str, run_id: uuid.UUID) -> "Author":
        return cls(kind=Kind.AGENT, role=role, run_id=run_id)

    @classmethod
    def of(cls, revision: Revision) -> "Author":
        """Return who wrote ``revision``; its ``user`` should be loaded."""
        return cls(
            kind=Kind(revision.author_kind),
            user=revision.user,
            role=revision.role,
            run_id=revision.run_id,
            told=revision.author_name,
        )

    @property
    def is_agent(self) -> bool:
        return self.kind == Kind.AGENT

    @property
    def name(self) -> str:
        """The person's name, the agent's role, or the kind of author."""
        if self.user:
            return self.user.display_name()
        return self.told or self.role or str(self.kind.value)

    def as_data(self) -> dict[str, Any]:
        """Return what events and the API carry: ``{kind, name, role, run}``."""
        return {
            "kind": self.kind.value,
            "name": self.name,
            "role": self.role or None,
            "run": str(self.run_id) if self.run_id else None,
        }


Author.EXTERNAL = Author(kind=Kind.EXTERNAL)
Author.SYSTEM = Author(kind=Kind.SYSTEM)
