"""What is wrong with a Markdown text that a program can see: each with its file and line."""

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote

from agents.reading.markdown import Document, Line, read_document

PLACEHOLDER = re.compile(
    r"\b(?:TODO|FIXME|TBD|XXX)\b|\?{3,}|(?i:lorem ipsum)"
    r"|(?i:(?<=[\[(:|])\s{0,3}(?:to be (?:completed|defined|determined|written)"
    r"|à (?:compléter|définir|rédiger|préciser))(?=\s{0,3}(?:[\])|.]|$)))"
)
"""What stands where something is missing; in a sentence the same words may mean what they say."""

LINK = re.compile(r"\[[^\[\]]{0,300}\]\(<?([^()<>\s]{1,300})>?\)")
SCHEME = re.compile(r"^[a-z][a-z0-9+.-]*:|^//", re.IGNORECASE)
RULE_SIGNS = frozenset("-| \t:")
CELL_END = re.compile(r"(?<!\\)\|")
WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Problem:
    """One thing to look at: its file, its line (from 1), and what it is, in words."""

    path: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"`{self.path}` line {self.line}: {self.what}"


@dataclass(frozen=True)
class Size:
    """How much a text is: its words and its headings, code left out."""

    words: int
    headings: int


def measure(text: str) -> Size:
    lines = read_document(text).lines
    words = sum(len(WORD.findall(line.text)) for line in lines)
    return Size(words, sum(line.level > 0 for line in lines))


def find_problems(files: Mapping[str, str], *, paths: Collection[str]) -> list[Problem]:
    """Return the problems of the Markdown texts in ``files``; ``paths`` are all that may be
    linked to, also those whose text is not given."""
    documents = {path: read_document(files[path]) for path in sorted(files) if _is_markdown(path)}
    anchors = {path: anchors_of(document) for path, document in documents.items()}
    known = {folder for path in (*paths, *files) for folder in _with_folders(path)}
    return [
        problem
        for path, document in documents.items()
        for problem in sorted(
            (
                *_unclosed(path, document),
                *_empty_sections(path, document),
                *_placeholders(path, document),
                *_tables(path, document),
                *_links(path, document, known, anchors),
            ),
            key=lambda problem: problem.line,
        )
    ]


def anchors_of(document: Document) -> set[str]:
    """Return the names by which the headings can be linked to, as most renderers make them."""
    counts: Counter[str] = Counter()
    anchors = set()
    for line in document.lines:
        if line.level:
            title = line.text[line.level :].strip().rstrip("#").strip().lower()
            name = re.sub(r"[^\w\- ]", "", title).replace(" ", "-")
            anchors.add(f"{name}-{counts[name]}" if counts[name] else name)
            counts[name] += 1
    return anchors


def _with_folders(path: str) -> Iterator[str]:
    """Yield a path and the folders that it lies in."""
    yield path
    yield from (str(folder) for folder in PurePosixPath(path).parents)


def _is_markdown(path: str) -> bool:
    return path.endswith(".md")


def _unclosed(path: str, document: Document) -> Iterator[Problem]:
    if document.unclosed:
        yield Problem(path, document.unclosed, "a code block is never closed")


def _empty_sections(path: str, document: Document) -> Iterator[Problem]:
    """Yield headings that nothing follows; one that is followed by a deeper one holds that."""
    if document.unclosed:
        return  # what follows the fence cannot be told from text
    open_heading: Line | None = None
    for line in [*document.lines, Line(0, "# end")]:
        if line.level:
            if open_heading and line.level <= open_heading.level:
                yield Problem(path, open_heading.number, "the section is empty")
            open_heading = line
        elif line.text.strip():
            open_heading = None


def _placeholders(path: str, document: Document) -> Iterator[Problem]:
    for line in document.lines:
        if found := PLACEHOLDER.search(line.text):
            yield Problem(path, line.number, f"a placeholder is left: {found[0].strip()}")


def _tables(path: str, document: Document) -> Iterator[Problem]:
    """Yield rows that have more or fewer cells than the head of their table."""
    width = 0
    for head, line in zip(document.lines, document.lines[1:], strict=False):
        if "|" not in line.text:
            width = 0
        elif "|" in head.text and _is_rule(line) and not width:
            width = _cells(head)
            if _cells(line) != width:
                yield Problem(path, line.number, "the table’s rule and head differ in width")
        elif width and _cells(line) != width:
            what = f"the row has {_cells(line)} cells, the table’s head {width}"
            yield Problem(path, line.number, what)


def _is_rule(line: Line) -> bool:
    return "-" in line.text and RULE_SIGNS.issuperset(line.text)


def _cells(line: Line) -> int:
    return len(CELL_END.split(line.text.strip().removeprefix("|").removesuffix("|")))


def _links(
    path: str, document: Document, known: set[str], anchors: Mapping[str, set[str]]
) -> Iterator[Problem]:
    for line in document.lines:
        for link in LINK.findall(line.text):
            if SCHEME.match(link) or link.startswith("/"):
                continue
            name, _, anchor = unquote(link).partition("#")
            target = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
            target = target if name else path
            if target not in known:
                yield Problem(path, line.number, f"a link leads nowhere: {link}")
            elif anchor and anchor.lower() not in anchors.get(target, {anchor.lower()}):
                yield Problem(path, line.number, f"a link names no heading there: {link}")
