"""What a query means, and how texts are read so that both databases find the same.

Texts and queries are *folded*: no case, no accents, ``œ`` is ``oe``. A word is a run of letters and
digits; a sign of a script that is written without spaces is a word of its own.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

MOST_TERMS: Final = 16
LONGEST_WORD: Final = 100
SHORTEST_PREFIX: Final = 2
"""One letter begins too many words to look them all up."""

_UNSPACED = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_LETTER: Final = rf"[^\W_{_UNSPACED}]"
_SIGN: Final = rf"(?=\w)[{_UNSPACED}]"  # between them lie marks that are no letters
_ALONE: Final = re.compile(_SIGN)
_WORD: Final = re.compile(f"{_SIGN}|{_LETTER}+")
_CHUNK: Final = re.compile(r'(?P<no>-?)"(?P<phrase>[^"]*)"?|(?P<minus>-?)(?P<plain>[^\s"]+)')
_TOGETHER: Final = {"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l", "ħ": "h", "ı": "i"}


class _Folding(dict[int, str]):
    """How each sign is folded, worked out when it is first met."""

    def __missing__(self, code: int) -> str:
        sign = unicodedata.normalize("NFKC", chr(code)).casefold()
        parts = unicodedata.normalize("NFKD", sign)
        folded = "".join(_TOGETHER.get(one, one) for one in parts if not unicodedata.combining(one))
        self[code] = folded
        return folded


_FOLDING: Final = _Folding()


def fold(text: str) -> str:
    """Return ``text`` without case and accents; its lines stay its lines."""
    return text.translate(_FOLDING)


def words_of(text: str) -> list[str]:
    """Return the folded words of ``text`` in their order."""
    return _WORD.findall(fold(text))


@dataclass(frozen=True)
class Term:
    """Words that must follow one another; ``is_prefix``: the last may go on."""

    words: tuple[str, ...]
    is_prefix: bool = False


@dataclass(frozen=True)
class Query:
    """What must be there and what must not; nothing wanted finds nothing."""

    wanted: tuple[Term, ...] = ()
    unwanted: tuple[Term, ...] = ()


def parse(text: str) -> Query:
    """Read what a person typed; nothing in it is an error.

    Words must all be there, in any order; words in quotes one after the other; a word after ``-``
    must not be there. The last word may be the beginning of one, since it is perhaps still typed.
    """
    wanted: list[Term] = []
    unwanted: list[Term] = []
    for chunk in _CHUNK.finditer(text):
        words = words_of(chunk["phrase"] if chunk["plain"] is None else chunk["plain"])
        if not words:
            continue
        is_last = chunk.end() == len(text) and chunk["plain"] is not None
        into = unwanted if chunk["no"] or chunk["minus"] else wanted
        into.append(_term(words, is_open=is_last and into is wanted))
    return Query(tuple(wanted[:MOST_TERMS]), tuple(unwanted[:MOST_TERMS]))


def _term(words: list[str], *, is_open: bool) -> Term:
    short = tuple(word[:LONGEST_WORD] for word in words[:MOST_TERMS])
    is_cut = len(words[-1]) > LONGEST_WORD and len(words) <= MOST_TERMS
    return Term(short, is_cut or (is_open and len(short[-1]) >= SHORTEST_PREFIX))


def pattern(term: Term) -> re.Pattern[str]:
    """Return what finds a term in a folded text."""
    open_end = len(term.words) - 1 if term.is_prefix else None
    words = (_bounded(word, is_whole=at != open_end) for at, word in enumerate(term.words))
    return re.compile(r"[\W_]*".join(words))


def _bounded(word: str, *, is_whole: bool) -> str:
    """Return what finds a word between others; signs that are words of their own touch."""
    begin = "" if _ALONE.match(word) else rf"(?<!{_LETTER})"
    end = rf"(?!{_LETTER})" if is_whole and not _ALONE.match(word) else ""
    return begin + word + end
