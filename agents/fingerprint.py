"""What may wake an agent, as one hash: the same hash as last time means nothing to do."""

import hashlib
import json
from collections.abc import Sequence
from functools import lru_cache

from agents.models import Agent
from agents.roles.base import AiderAgent
from agents.roles.patterns import matches_any
from missions.content import decode
from missions.models import Mission, MissionFile, Revision
from missions.storage import BlobStore


def files_of(mission_id: int) -> list[MissionFile]:
    """Return the files of a mission, removed ones too, each with its current revision."""
    return list(MissionFile.objects.filter(mission_id=mission_id).select_related("current"))


def fingerprint(
    agent: Agent, role: AiderAgent, *, mission: Mission, files: Sequence[MissionFile]
) -> str:
    """Return the hash of what ``agent`` would look at now.

    It covers the watched files, its own files as others changed them, its prompt, its model and
    the mission's language. One query; the texts of watched files are read only for a role that
    watches parts of them.
    """
    patterns = role.list_files()
    watched = [
        (file.path, _watched_hash(role, file))
        for file in files
        if file.current
        and file.current.blob_id
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
        ]
    )


def _last_foreign_revision(files: Sequence[int], role: str) -> int | None:
    foreign = Revision.objects.filter(file_id__in=files).exclude(
        author_kind=Revision.AuthorKind.AGENT, role=role
    )
    return foreign.order_by("-pk").values_list("pk", flat=True).first()


def _watched_hash(role: AiderAgent, file: MissionFile) -> str:
    blob = file.current.blob_id if file.current else None
    if blob is None or type(role).watched_text is AiderAgent.watched_text:
        return blob or ""
    return _part_hash(role, file.path, blob)


@lru_cache(maxsize=4096)
def _part_hash(role: AiderAgent, path: str, blob: str) -> str:
    text = decode(BlobStore().get(blob)).text
    part = role.watched_text(path, text)
    return blob if part == text else hashlib.sha256(part.encode()).hexdigest()


def _digest(parts: list[object]) -> str:
    return hashlib.sha256(json.dumps(parts, ensure_ascii=False).encode()).hexdigest()
