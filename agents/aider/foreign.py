"""Know edits that a model gave in another format than the one it was asked for.

Pure. Aider takes such a reply for one that changes nothing, or writes the marks of one format into
a file as if they were its text.
"""

import re
from collections.abc import Callable
from itertools import pairwise

_SEARCH = re.compile(r"<{5,9} SEARCH>?\s*")
_DIVIDER = re.compile(r"={5,9}\s*")
_REPLACE = re.compile(r">{5,9} REPLACE\s*")
_PATCH = "*** Begin Patch"
_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")
_MARKUP = " \t*:`#"


def holds_blocks(text: str) -> bool:
    """Tell whether a text holds search and replace blocks, a unified diff or a patch.

    One line of a block may be missing: such a block is broken, and still no text of a file.
    """
    lines = text.splitlines()
    marks = sum(any(mark.fullmatch(line) for line in lines) for mark in (_SEARCH, _REPLACE))
    has_divider = any(_DIVIDER.fullmatch(line) for line in lines)
    if marks == 2 or (marks and has_divider) or _PATCH in map(str.strip, lines):
        return True
    return any(
        before.startswith("--- ") and line.startswith("+++ ") for before, line in pairwise(lines)
    )


def names_whole_files(text: str, is_own: Callable[[str], bool]) -> bool:
    """Tell whether a fence follows right below the name of a file that the run may write."""
    return any(
        bool(_FENCE.match(line)) and bool(name := before.strip(_MARKUP)) and is_own(name)
        for before, line in pairwise(text.splitlines())
    )
