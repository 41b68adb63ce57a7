"""Who wrote each line of a file: its text followed through all its revisions."""

from missions.provenance.following import follow, normal
from missions.provenance.origins import Attribution, Origin
from missions.provenance.paragraphs import Paragraph, paragraphs
from missions.provenance.past import EVERY, Past, ProvenancePending
from missions.provenance.sources import BRINGS_BACK

__all__ = [
    "BRINGS_BACK",
    "EVERY",
    "Attribution",
    "Origin",
    "Paragraph",
    "Past",
    "ProvenancePending",
    "follow",
    "normal",
    "paragraphs",
]
