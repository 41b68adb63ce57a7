"""Which requirements have a section: what anyone can count from the two files.

A requirement is a number `R3` that begins a line of `specifications.md` (after a list mark, a
heading mark, a table bar or emphasis). Its section is a heading `## R3 …` of `production.md`; a
section with nothing but blank lines before the next heading of a requirement is empty.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

REQUIREMENT = re.compile(r"^[ \t]*(?:[-*+][ \t]+|#{1,6}[ \t]+|\|[ \t]*)?[*_]{0,3}R(\d{1,6})\b")
HEADING = re.compile(r"^(#{1,6})[ \t]+(.*?)[ \t]*#*[ \t]*$")
SECTION = re.compile(r"^(#{2,6})[ \t]+[*_]{0,3}R(\d{1,6})\b")
NAMED = re.compile(r"\bR(\d{1,6})\b")
FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})")


@dataclass(frozen=True)
class Section:
    """One requirement's section: its heading's line number (from 0), and its body's lines."""

    number: int
    line: int
    heading: str
    body: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not any(line.strip() for line in self.body)

    @property
    def text(self) -> str:
        return "\n".join(self.body).strip()


@dataclass(frozen=True)
class Coverage:
    """Numbers of requirements, in order: covered, without a section, with an empty one; and
    numbers of sections that answer no requirement."""

    covered: tuple[int, ...]
    missing: tuple[int, ...]
    empty: tuple[int, ...]
    orphans: tuple[int, ...]

    @property
    def total(self) -> int:
        return len(self.covered) + self.uncovered

    @property
    def uncovered(self) -> int:
        return len(self.missing) + len(self.empty)

    def as_facts(self) -> list[str]:
        """Return the counts and the numbers behind them, one line each."""
        counts = f"covered: {len(self.covered)}, uncovered: {self.uncovered}"
        return [
            f"requirements: {self.total}, {counts}",
            f"requirements without a section in production.md: {_names(self.missing)}",
            f"requirements whose section is empty: {_names(self.empty)}",
            f"sections without a requirement: {_names(self.orphans)}",
        ]


def read_coverage(files: Mapping[str, str]) -> Coverage:
    """Compare `specifications.md` and `production.md` of `files` (path to text)."""
    return compare(files.get("specifications.md", ""), files.get("production.md", ""))


def compare(specifications: str, production: str) -> Coverage:
    """Return what the production covers of the specifications."""
    required = sorted(requirement_numbers(specifications))
    sections = {section.number: section for section in read_sections(production)}
    filled = {number for number, section in sections.items() if not section.is_empty}
    return Coverage(
        covered=tuple(number for number in required if number in filled),
        missing=tuple(number for number in required if number not in sections),
        empty=tuple(number for number in required if number in sections and number not in filled),
        orphans=tuple(number for number in sorted(sections) if number not in set(required)),
    )


def requirement_numbers(specifications: str) -> set[int]:
    """Return the numbers of the requirements that the text defines."""
    found = (REQUIREMENT.match(line) for line in lines_outside_fences(specifications))
    return {int(match[1]) for match in found if match}


def requirements_named(text: str) -> set[int]:
    """Return the numbers of requirements that a text names anywhere outside of code."""
    return {int(n) for line in lines_outside_fences(text) for n in NAMED.findall(line)}


def section_numbers(production: str) -> set[int]:
    return {section.number for section in read_sections(production)}


def read_sections(production: str) -> list[Section]:
    """Return the sections of the requirements, in the order of the text; of two with the same
    number the one that says more counts."""
    best: dict[int, Section] = {}
    for section in _all_sections(production):
        known = best.get(section.number)
        if known is None or (known.is_empty and not section.is_empty):
            best[section.number] = section
    return sorted(best.values(), key=lambda section: section.line)


def _all_sections(production: str) -> list[Section]:
    lines = production.split("\n")
    heads = _heads(lines)
    sections = []
    for index, (line, level, number) in enumerate(heads):
        if number is None:
            continue
        end = next(
            (at for at, other, is_section in heads[index + 1 :] if is_section or other <= level),
            len(lines),
        )
        sections.append(Section(number, line, lines[line], tuple(lines[line + 1 : end])))
    return sections


def _heads(lines: list[str]) -> list[tuple[int, int, int | None]]:
    """Return (line, level, requirement number or None) for every heading outside fences."""
    heads: list[tuple[int, int, int | None]] = []
    for index, line in enumerate(_blank_fences(lines)):
        match = HEADING.match(line)
        if match:
            section = SECTION.match(line)
            heads.append((index, len(match[1]), int(section[2]) if section else None))
    return heads


def lines_outside_fences(text: str) -> list[str]:
    return _blank_fences(text.split("\n"))


def _blank_fences(lines: list[str]) -> list[str]:
    """Return the lines with those of code blocks emptied, so that positions stay."""
    kept = []
    fence = ""
    for line in lines:
        match = FENCE.match(line)
        if fence:
            if match and match[1].startswith(fence) and not line.strip(" \t" + fence[0]):
                fence = ""
            kept.append("")
        elif match:
            fence = match[1]
            kept.append("")
        else:
            kept.append(line)
    return kept


def _names(numbers: tuple[int, ...]) -> str:
    return ", ".join(f"R{number}" for number in numbers) or "none"
