"""A seventh role: keeps `glossary.md`, the abbreviations of a mission and what they stand for."""

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from agents.roles.base import AiderAgent, RunContext

ABBREVIATION = re.compile(r"\b[A-Z]{2,6}\b")
MOST_TOLD = 50


class Glossary(AiderAgent):
    role = "glossary"
    label = {"en": "Glossary", "fr": "Glossaire"}
    writes = ("glossary.md",)
    watches = ("demande.md", "specifications.md", "production.md", "production/**")
    interval = 60
    max_interval = 900
    prompts = Path(__file__).parent / "prompts"

    def _facts(self, context: RunContext) -> Sequence[str]:
        """Count the abbreviations, so that no model has to."""
        texts = (text for path, text in context.files.items() if self.is_watched(path))
        found = Counter(word for text in texts for word in ABBREVIATION.findall(text))
        return [f"abbreviation {word}: {count}" for word, count in found.most_common(MOST_TOLD)]
