"""Compile the catalogues of French words, and say which words of the code they lack.

Django's own commands need GNU gettext; this needs Babel only, which comes with the development
requirements. Templates are few: their words are found by a pattern.
"""

import io
import os
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.extract import extract_from_dir
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parent.parent
APPS = ("agents", "missions", "notifications", "parallagon", "frontend")
CATALOGUES = tuple(
    ROOT / app / "locale/fr/LC_MESSAGES/django.po" for app in ("parallagon", "frontend")
)
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
KEYWORDS = {"_": None, "gettext": None, "gettext_lazy": None}
TRANSLATE = re.compile(r'{% translate "([^"]+)" %}')
BLOCK = re.compile(r"{% blocktranslate trimmed[^%]*%}(.*?){% endblocktranslate %}", re.DOTALL)
VARIABLE = re.compile(r"{{ (\w+) }}")


def words() -> Iterator[str]:
    """Yield every text of the code and the templates that people read in their language."""
    for app in APPS:
        for *_, message, _comments, _context in extract_from_dir(
            ROOT / app,
            method_map=[("**.py", "python")],
            keywords=KEYWORDS,
            directory_filter=_has_words,
        ):
            yield str(message)
        for template in (ROOT / app).rglob("templates/**/*.html"):
            yield from _words_of(template.read_text(encoding="utf-8"))


def _has_words(folder: str | os.PathLike[str]) -> bool:
    return Path(folder).name not in {"node_modules", "src", "static", "migrations"}


def _words_of(template: str) -> Iterator[str]:
    yield from TRANSLATE.findall(template)
    for block in BLOCK.findall(template):
        yield VARIABLE.sub(r"%(\1)s", " ".join(block.split()))


def missing() -> list[str]:
    """Return the words that no catalogue translates."""
    known = {
        message.id
        for catalogue in CATALOGUES
        for message in _read(catalogue)
        if message.id and message.string and not message.fuzzy
    }
    return sorted(set(words()) - known)


def compiled(catalogue: Path) -> bytes:
    """Return the binary form that Django reads, the same bytes at any time."""
    target = io.BytesIO()
    read = _read(catalogue)
    read.creation_date = read.revision_date = EPOCH  # else Babel writes the present
    write_mo(target, read)
    return target.getvalue()


def _read(catalogue: Path):  # type: ignore[no-untyped-def] # Babel's type is its own business
    with catalogue.open("rb") as file:
        return read_po(file, locale="fr")


def main() -> int:
    """Write the binary catalogues next to their sources."""
    for catalogue in CATALOGUES:
        catalogue.with_suffix(".mo").write_bytes(compiled(catalogue))
    lacking = missing()
    for word in lacking:
        print(f"not translated: {word}", file=sys.stderr)
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main())
