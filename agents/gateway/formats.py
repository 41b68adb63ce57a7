"""Choose how a model gives its edits back: as search and replace blocks, or as whole files."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

EditFormat = Literal["diff", "whole"]

# Small models lose their way in search and replace blocks.
WHOLE_MODELS = (
    *("ollama/*", "openai/gpt-3.5*", "openai/gpt-4o-mini*"),
    *("anthropic/claude-3-haiku*", "gemini/gemma*"),
)
# Written out again in every run, longer files cost more than the clearer format saves.
LONGEST_WHOLE = 20_000  # characters, of all files together
FENCE = "```"


def preferred_format(model: str, whole_models: Iterable[str] = WHOLE_MODELS) -> EditFormat:
    """Return the format that suits a model by its name here; `*` in a pattern is any text."""
    return "whole" if any(fnmatchcase(model, pattern) for pattern in whole_models) else "diff"


def format_for(
    model: str, texts: Iterable[str], whole_models: Iterable[str] = WHOLE_MODELS
) -> EditFormat:
    """Return the format for a run that may edit these texts.

    `whole` only where it is safe and cheap: a fence inside a file ends it for whoever reads the
    reply, and what comes after is lost.
    """
    known = list(texts)
    is_safe = not any(FENCE in text for text in known)
    is_cheap = sum(map(len, known)) <= LONGEST_WHOLE
    return preferred_format(model, whole_models) if is_safe and is_cheap else "diff"
