"""What would come of a proposal's files now: the three texts of each, and whether they merge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from missions import selectors, whereabouts
from missions.content import is_well_formed
from missions.merge import merge_file
from missions.models import MissionFile, Proposal, ProposalFile, Revision


@dataclass(frozen=True, kw_only=True)
class Resolved:
    """A text in which a person has put together what overlapped.

    ``base`` is the revision that they had before them (``theirs`` of the conflict); ``None`` where
    there was no file. What others wrote after it is merged.
    """

    text: str
    base: int | None


@dataclass(frozen=True, kw_only=True)
class Prospect:
    """One file: what its author began with, what is there now, what they want, and the merge.

    A text is ``None`` where there is no file.
    """

    path: str
    base: int | None
    base_text: str | None
    theirs: Revision | None
    their_text: str | None
    my_text: str | None
    is_clean: bool
    merged_text: str | None


def prospects_of(
    proposal: Proposal,
    files: Sequence[ProposalFile],
    resolved: Mapping[str, Resolved] | None = None,
) -> list[Prospect]:
    """Return what would come of accepting each file; a save a moment later may change it.

    A file that has moved since is looked at where it is now, as a landing follows it. The files
    that are still at their paths are looked up with one query.
    """
    current = selectors.files_at(
        mission_id=proposal.mission_id, wanted=[file.path for file in files]
    )
    prospects = []
    for file in files:
        finished = (resolved or {}).get(file.path)
        base = finished.base if finished else file.base_number
        there = current.get(file.path)
        if there is None and base is not None:
            there = _moved(proposal, file.path)
        theirs = there.current if there else None
        base_text = (
            _text_at(proposal, file.path, base, there) if finished else text_of(file.base_id)
        )
        mine = finished.text if finished else text_of(file.blob_id)
        prospects.append(_prospect(file.path, base, base_text, theirs, mine))
    return prospects


def text_of(blob_hash: str | None) -> str | None:
    """Return the text of a stored content; ``None`` for no file."""
    return None if blob_hash is None else selectors.blob_text(blob_hash)


def _prospect(
    path: str, base: int | None, base_text: str | None, theirs: Revision | None, mine: str | None
) -> Prospect:
    their_text = text_of(theirs.blob_id) if theirs else None
    merged = merge_file(base_text, their_text, mine)
    made = merged.text if merged.text not in (their_text, mine) else None
    return Prospect(
        path=path,
        base=base,
        base_text=base_text,
        theirs=theirs,
        their_text=their_text,
        my_text=mine,
        is_clean=merged.is_clean and (made is None or is_well_formed(path, made)),
        merged_text=merged.text,
    )


def _moved(proposal: Proposal, path: str) -> MissionFile | None:
    """Return the file that was at ``path``, if it is somewhere else now."""
    found = whereabouts.moved_file(mission_id=proposal.mission_id, path=path)
    return None if found is None or found.is_removed else found


def _text_at(
    proposal: Proposal, path: str, number: int | None, there: MissionFile | None
) -> str | None:
    if number is None:
        return None
    now = there.path if there else path
    found = Revision.objects.filter(
        file__mission_id=proposal.mission_id, file__path=now, number=number
    ).first()
    return text_of(found.blob_id) if found else None
