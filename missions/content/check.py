"""What a mission accepts as content: bounded UTF-8 text, well-formed where it has a form."""

from collections.abc import Callable

from django.conf import settings
from django.utils.translation import gettext as _

from missions import paths
from missions.content.formats import check_json, check_toml, check_xml, check_yaml
from missions.content.text import TextContent, decode
from parallagon.core.errors import ValidationError

MOST_CHARACTERS = 20_000  # in a line: Aider's token counting is quadratic in it

_FORMATS: dict[str, Callable[[str], None]] = {
    ".json": check_json,
    ".yaml": check_yaml,
    ".yml": check_yaml,
    ".toml": check_toml,
    ".xml": check_xml,
}


def check_bytes(path: str, content: bytes, *, allow_invalid: bool = False) -> TextContent:
    """Return the text of ``content`` if ``path`` may hold it.

    Args:
        path: its extension names the format that is checked.
        content: the bytes of the file.
        allow_invalid: accept a text that is not well-formed in that format.

    Raises:
        ValidationError: with a sentence; for a format also ``line`` and ``column`` (from 1).
    """
    check_size(path, content)
    try:
        decoded = decode(content)
    except ValidationError as error:
        raise ValidationError(f"{path}: {error.message}", path=path, **error.details) from error
    check_text(path, decoded.text, allow_invalid=allow_invalid)
    return decoded


def check_size(path: str, content: bytes) -> None:
    """Raise ``ValidationError`` if ``content`` is larger than a file may be."""
    limit = settings.PARALLAGON_MAX_FILE_SIZE
    if len(content) > limit:
        sentence = _("%(path)s would have %(size)s bytes; at most %(limit)s are allowed.")
        facts = {"path": path, "size": len(content), "limit": limit}
        raise ValidationError(sentence % facts, path=path, limit=limit)


def is_well_formed(path: str, text: str) -> bool:
    """Return whether ``path`` may hold ``text``, which nobody wrote as it is.

    Two good halves, merged, may make a bad whole.
    """
    try:
        check_text(path, text)
    except ValidationError:
        return False
    return True


def check_text(path: str, text: str, *, allow_invalid: bool = False) -> None:
    """Check a decoded text; see ``check_bytes``."""
    if "\0" in text:
        sentence = _("%(path)s holds a NUL character: it is not text.")
        raise ValidationError(sentence % {"path": path}, path=path)
    lengths = list(map(len, text.split("\n")))
    if (longest := max(lengths)) > MOST_CHARACTERS:
        number = lengths.index(longest) + 1
        sentence = _(
            "%(path)s: line %(line)s has %(count)s characters; at most %(limit)s are allowed."
        )
        facts = {"path": path, "line": number, "count": longest, "limit": MOST_CHARACTERS}
        raise ValidationError(sentence % facts, path=path, line=number)
    check = None if allow_invalid else _FORMATS.get(paths.extension(path))
    if check is None:
        return
    try:
        check(text)
    except ValidationError as error:
        raise ValidationError(f"{path}: {error.message}", path=path, **error.details) from error
