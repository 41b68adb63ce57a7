"""Questions that a document asks and nobody has answered yet, as far as a program can tell."""

from collections.abc import Mapping
from dataclasses import dataclass

from agents.reading.markdown import read_document

LONGEST = 300


@dataclass(frozen=True)
class Question:
    """A line that ends in a question mark: its file, its number (from 1), its words."""

    path: str
    line: int
    text: str


def open_questions(files: Mapping[str, str]) -> list[Question]:
    """Return the lines of ``files`` that ask something, headings, quotations and code left out."""
    return [
        Question(path, line.number, text[:LONGEST])
        for path in sorted(files)
        for line in read_document(files[path]).lines
        if not line.level and (text := line.text.strip().lstrip("-*+ ")).endswith("?")
        if not text.startswith((">", "[x]", "[X]"))
    ]
