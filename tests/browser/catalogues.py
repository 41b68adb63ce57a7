"""The words of the interface in both languages, and what of a French page is not French."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from tests.installation import ROOT

LOCALES = ROOT / "frontend/src/locales"
PLACEHOLDER = re.compile(r"\{\w+\}|%\(\w+\)[sd]")
WORD = re.compile(r"[A-Za-z]{3}")


def words_of(language: str) -> dict[str, str]:
    """Return a catalogue as ``{"activity.working": "Working", …}``."""
    words: dict[str, str] = {}
    for part in sorted((LOCALES / language).glob("*.ts")):
        if part.name != "index.ts":
            words |= _flat(_tree_of(part.read_text(encoding="utf-8")), "")
    return words


def _tree_of(source: str) -> Mapping[str, object]:
    body = source[source.index("{", source.index("export const")) : source.rindex("};") + 1]
    body = re.sub(r'^(\s*)"?([\w $]+?)"?:', r'\1"\2":', body, flags=re.MULTILINE)
    tree: Mapping[str, object] = json.loads(re.sub(r",(\s*\})", r"\1", body))
    return tree


def _flat(words: Mapping[str, object], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in words.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, str(value)


def server_words() -> dict[str, str]:
    """Return what the server says in English, with its French."""
    found: dict[str, str] = {}
    for file in ROOT.glob("*/locale/fr/LC_MESSAGES/django.po"):
        found |= dict(re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', file.read_text("utf-8"), re.M))
    return found


class Strangers:
    """What does not belong on a French page: keys of the catalogue, and English labels."""

    def __init__(self) -> None:
        english, french, server = words_of("en"), words_of("fr"), server_words()
        self._keys = set(english)
        translated = [english[key] for key in english if english[key] != french.get(key)]
        translated += [word for word in server if word != server[word]]
        self._english = _patterns(translated)
        self._french = _patterns([*french.values(), *server.values()])

    def among(self, texts: Iterable[str]) -> list[str]:
        """Return those of ``texts`` that are keys or English."""
        return [text for text in texts if self._is_strange(" ".join(text.split()))]

    def _is_strange(self, text: str) -> bool:
        if any(word in self._keys for word in text.split()):
            return True
        return bool(self._english.fullmatch(text)) and not self._french.fullmatch(text)


def _patterns(values: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for whole messages, and for the pieces around what is put into them."""
    forms = [form.strip() for value in values for form in value.split("|")]
    pieces = [piece.strip() for form in forms for piece in PLACEHOLDER.split(form)]
    wholes = [".+?".join(map(re.escape, PLACEHOLDER.split(form))) for form in forms]
    told = [whole for whole in wholes if WORD.search(whole)]
    told += [re.escape(piece) for piece in pieces if WORD.search(piece)]
    return re.compile("|".join(sorted(set(told))))
