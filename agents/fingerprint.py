"""What may wake an agent, as one hash: the same hash as last time means nothing to do."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from django.db.models import Max, Sum

from agents.models import Agent, Instruction
from agents.roles.base import AiderAgent
from agents.roles.patterns import matches_any
from missions.cache import CachedStore
from missions.models import Mission, MissionFile, Revision


class FileState(NamedTuple):
    """What counts of a file: where it is, what is in it (no blob: removed), who saved it, when."""

    pk: int
    path: str
    blob: str | None
    author_kind: str
    saved_at: datetime


def files_of(mission_id: int) -> list[FileState]:
    """Return the files of a mission, removed ones too; one query."""
    rows = MissionFile.objects.filter(mission_id=mission_id, current__isnull=False).values_list(
        "pk", "path", "current__blob_id", "current__author_kind", "current__created_at"
    )
    return [FileState(*row) for row in rows]


def fingerprint(
    agent: Agent, role: AiderAgent, *, mission: Mission, files: Sequence[FileState]
) -> str:
    """Return the hash of what ``agent`` would look at now.

    It covers the watched files, its own files as others changed them, its prompt, its model, what
    people asked of it and the mission's language. Two queries; the texts of watched files are read
    only for a role that watches parts of them.
    """
    patterns = role.list_files()
    watched = [
        (role.known_name(file.path), _watched_hash(role, file))
        for file in files
        if file.blob
        and matches_any(patterns.watches, file.path)
        and not matches_any(patterns.writes, file.path)
    ]
    prompt = agent.prompt or role.shipped_prompt(mission.language)
    owned = [file.pk for file in files if matches_any(patterns.writes, file.path)]
    return _digest(
        [
            role.role,
            prompt,
            agent.model or mission.model,
            mission.language,
            sorted(watched),
            _last_foreign_revision(owned, role.role),
            _instructions(agent),
        ]
    )


def _last_foreign_revision(files: Sequence[int], role: str) -> int | None:
    foreign = Revision.objects.filter(file_id__in=files).exclude(
        author_kind=Revision.AuthorKind.AGENT, role=role
    )
    newest = foreign.order_by("-pk").values_list("pk", flat=True)[:1]
    return next(iter(newest), None)


def _instructions(agent: Agent) -> tuple[int, int] | None:
    """Return what tells one set of instructions from another; reading them changes nothing.

    None is ever removed but an unread one, and then all is as it was before it came.
    """
    known = Instruction.objects.filter(agent_id=agent.pk)
    newest, versions = known.aggregate(newest=Max("pk"), versions=Sum("version")).values()
    return (newest, versions) if newest else None


def _watched_hash(role: AiderAgent, file: FileState) -> str:
    if file.blob is None or type(role).watched_text is AiderAgent.watched_text:
        return file.blob or ""
    return _part_hash(role, file.path, file.blob)


@lru_cache(maxsize=4096)
def _part_hash(role: AiderAgent, path: str, blob: str) -> str:
    text = CachedStore().text(blob).text
    part = role.watched_text(path, text)
    return blob if part == text else hashlib.sha256(part.encode()).hexdigest()


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
