"""One look at all the files: what repeats in them, and what was too much to compare."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from agents.likeness.code import NotPython, Shape, find_same, read_blocks, read_functions
from agents.likeness.finding import Finding, Report
from agents.likeness.passages import read_passages
from agents.likeness.wording import MIN_WORDS, TooMuchAlike, find_exact, find_near

MOST_FINDINGS = 200
MOST_CHARACTERS = 4_000_000
"""Read in all, a fair share of each file; more takes longer than the rest of a cycle."""
MOST_NAMED = 5

PROSE = frozenset({".md", ".txt", ".rst", ".html"})


def find_repetitions(files: Mapping[str, str]) -> Report:
    """Return what repeats in ``files`` (path to text), at most 200 findings by file and line."""
    notes: list[str] = []
    shares = dict(_shares(files, notes))
    findings = [*_wording(shares, notes), *find_same(_shapes(shares, notes))]
    findings.sort(key=lambda found: (_at(found), found.second.path, found.second.line))
    if len(findings) > MOST_FINDINGS:
        notes.append(f"only the first {MOST_FINDINGS} of {len(findings)} repetitions are kept")
    return Report(tuple(findings[:MOST_FINDINGS]), tuple(notes))


def _at(finding: Finding) -> tuple[str, int]:
    return finding.first.path, finding.first.line


def _shares(files: Mapping[str, str], notes: list[str]) -> Iterator[tuple[str, str]]:
    """Yield as much of each file as there is room for, small ones whole, in the order of paths."""
    room = MOST_CHARACTERS
    lengths: dict[str, int] = {}
    for left, path in enumerate(sorted(files, key=lambda path: (len(files[path]), path))):
        lengths[path] = min(len(files[path]), room // (len(files) - left))
        room -= lengths[path]
    cut = [path for path in sorted(files) if lengths[path] < len(files[path])]
    if cut:
        which = ", ".join(f"`{path}`" for path in cut[:MOST_NAMED])
        most = max(lengths[path] for path in cut)
        notes.append(f"only the first {most} characters of {len(cut)} files were compared: {which}")
    for path in sorted(files):
        yield path, files[path][: lengths[path]]


def _wording(files: Mapping[str, str], notes: list[str]) -> Iterable[Finding]:
    passages = [
        passage
        for path, text in files.items()
        if PurePosixPath(path).suffix in PROSE
        for passage in read_passages(path, text)
        if len(passage.words) >= MIN_WORDS
    ]
    yield from find_exact(passages)
    try:
        yield from find_near(passages)
    except TooMuchAlike:
        notes.append("not every passage was compared: too many are half alike")


def _shapes(files: Mapping[str, str], notes: list[str]) -> Iterator[Shape]:
    for path, text in files.items():
        if path.endswith(".md"):
            yield from read_blocks(path, text)
        elif path.endswith(".py"):
            try:
                yield from read_functions(path, text)
            except NotPython:
                notes.append(f"`{path}` could not be read as Python")
