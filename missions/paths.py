"""Which relative paths a mission may hold, and which patterns they match: pure functions.

What is accepted here is safe to join to a folder, to show, to put in a prompt and to check out on
any system; what is refused is refused with a sentence.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import cache

from django.conf import settings
from django.utils.translation import gettext as _

from parallagon.core.errors import ValidationError

MOST_LEVELS = 8
MOST_BYTES = 200
_PUNCTUATION = frozenset(" ._-()")
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d) *(?:\..*)?", re.IGNORECASE)
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0")  # letters by category that show nothing
_TOKEN = re.compile(r"\*\*|.", re.DOTALL)


def validate_path(path: str) -> str:
    """Return ``path`` in the form in which it is kept (Unicode NFC).

    Raises:
        ValidationError: with a sentence that says which rule it breaks.
    """
    normal = _normalize(path)
    parts = normal.split("/")
    if len(normal.encode()) > MOST_BYTES:
        raise _refusal(path, _too_long())
    if len(parts) > MOST_LEVELS:
        raise _refusal(path, _("it is deeper than %(most)s levels") % {"most": MOST_LEVELS})
    for part in parts:
        _check_part(path, part)
    *folders, name = parts
    if extension(name) not in settings.PARALLAGON_EXTENSIONS:
        allowed = " ".join(settings.PARALLAGON_EXTENSIONS)
        raise _refusal(path, _("its name must end in one of %(allowed)s") % {"allowed": allowed})
    if any(extension(folder) in settings.PARALLAGON_EXTENSIONS for folder in folders):
        raise _refusal(path, _("one of its folders is named like a file"))
    return normal


def normal(path: str) -> str:
    """Return ``path`` in the Unicode form in which paths are kept, whether it is valid or not."""
    return unicodedata.normalize("NFC", path)


def is_valid(path: str) -> bool:
    """Return whether ``path`` is accepted exactly as it is spelled."""
    try:
        return validate_path(path) == path
    except ValidationError:
        return False


def path_key(path: str) -> str:
    """Return what two paths share that differ only by case or by Unicode form."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", path).casefold())


def extension(path: str) -> str:
    """Return the extension in lower case, with its dot; empty without one."""
    name = path.rpartition("/")[2]
    stem, dot, last = name.rpartition(".")
    return f".{last.lower()}" if dot and stem else ""


def clash(path: str, others: Iterable[str]) -> str | None:
    """Return the spelling in ``others`` of which ``path``, or a folder of it, differs by case.

    A system that ignores case would show the two as one.
    """
    return clash_in(path, spellings(others))


def spellings(paths: Iterable[str]) -> dict[str, str]:
    """Return how ``paths`` and their folders are spelled, by what they are without case."""
    prefixes = {prefix for path in paths for prefix in _prefixes(path)}
    return {path_key(prefix): prefix for prefix in prefixes}


def clash_in(path: str, known: Mapping[str, str]) -> str | None:
    """Return the spelling in ``known`` of which ``path``, or a folder of it, differs by case."""
    found = (known.get(path_key(prefix), prefix) for prefix in _prefixes(path))
    mine = set(_prefixes(path))
    return next((spelling for spelling in found if spelling not in mine), None)


def clashing(names: Iterable[str]) -> set[str]:
    """Return the paths of which a spelling differs by case from one that came before."""
    spelled: dict[str, str] = {}
    found = set()
    for path in names:
        if any(
            spelled.setdefault(path_key(prefix), prefix) != prefix for prefix in _prefixes(path)
        ):
            found.add(path)
    return found


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Return whether one of ``patterns`` stands for ``path``.

    ``*`` is anything inside one part, ``**`` anything at all, ``?`` one character; everything else
    stands for itself.
    """
    return any(_compiled(pattern).fullmatch(path) for pattern in patterns)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    signs = {"**": ".*", "*": "[^/]*", "?": "[^/]"}
    tokens = _TOKEN.findall(pattern)
    return re.compile("".join(signs.get(token) or re.escape(token) for token in tokens), re.DOTALL)


def _normalize(path: str) -> str:
    if not path:
        raise ValidationError(_("A file needs a name."), path=path)
    try:
        path.encode()
    except UnicodeEncodeError:
        raise _refusal(path, _("it is not valid Unicode")) from None
    if len(path) > 4 * MOST_BYTES:  # before any work that grows with its length
        raise _refusal(path, _too_long())
    return unicodedata.normalize("NFC", path)


def _check_part(path: str, part: str) -> None:
    if not part:
        raise _refusal(path, _("it must be relative, with one “/” between names"))
    if not (_is_word(part[0]) or part[0] == "_"):
        raise _refusal(path, _("each name must start with a letter, a digit or “_”"))
    wrong = next((sign for sign in part if not (_is_word(sign) or sign in _PUNCTUATION)), None)
    if wrong is not None:
        sign = f"U+{ord(wrong):04X}"
        raise _refusal(path, _("the character %(sign)s is not allowed in a name") % {"sign": sign})
    if part[-1] in " .":
        raise _refusal(path, _("no name may end with a space or a dot"))
    if _RESERVED.fullmatch(part):
        raise _refusal(path, _("“%(name)s” is a reserved name on some systems") % {"name": part})


def _is_word(sign: str) -> bool:
    category = unicodedata.category(sign)
    return (category[0] == "L" or category == "Nd") and sign not in _BLANKS


def _prefixes(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts) + 1)]


def _too_long() -> str:
    return _("it is longer than %(most)s bytes") % {"most": MOST_BYTES}


def _refusal(path: str, reason: str) -> ValidationError:
    shown = path[:80].encode("unicode_escape", "backslashreplace").decode()
    sentence = _("The path “%(path)s” cannot be used: %(reason)s.")
    return ValidationError(sentence % {"path": shown, "reason": reason}, path=shown)
