"""Take secrets out of what is written: by their value where known, by their look elsewhere."""

import html
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final
from urllib.parse import quote

HIDDEN: Final = "[secret]"
SHORTEST: Final = 8
"""Of what is hidden by value: what is shorter would garble what is written."""
LONGEST_WORD: Final = 16
"""Letters of a password that may be a word, and is then hidden by its look only."""

_SPELLINGS: list[str] = []

_NAMES: Final = r"(?:api[_-]?key|passw(?:or)?d|secret|token|sessionid|cookie)"
# Each look with words of which one is there, in small letters, wherever the look is: to search
# for a word costs a twentieth of what an expression costs.
_LOOKS: Final = tuple(
    (words, re.compile(expression), replacement)
    for words, expression, replacement in (
        (("-----begin",), r"(?s)-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END|\Z)", HIDDEN),
        (("authorization",), r"(?i)(authorization[\"']?\s*[=:]\s*)[^\r\n]{6,}", rf"\1{HIDDEN}"),
        (("bearer",), r"(?i)(bearer\s+)[\w.~+/=-]{8,}", rf"\1{HIDDEN}"),
        (("eyj",), r"\beyJ[\w-]{6,}\.[\w-]{6,}(?:\.[\w-]*)?", HIDDEN),
        (("sk-", "sk_"), r"(?i)(?<![a-z0-9])[a-z]?sk[-_][\w-]{8,}", HIDDEN),
        (("pk_",), r"(?<![A-Za-z0-9])pk_(?=[\w.-]*[A-Z0-9])[\w.-]{12,}", HIDDEN),
        (("aiza",), r"\bAIza[\w-]{20,}", HIDDEN),
        (("://",), r"(://[^\s/@:]*:)[^\s/]+@", rf"\1{HIDDEN}@"),
        (("sesame=",), r"(?i)(sesame=)[^&\s\"'<]+", rf"\1{HIDDEN}"),
        (
            ("key", "passw", "secret", "token", "sessionid", "cookie"),
            rf"(?i)({_NAMES}[\"']?\s*[=:]\s*[\"']?)(?!\[secret\])[^\s\"',}}]{{6,}}",
            rf"\1{HIDDEN}",
        ),
    )
)


def learn(secrets: Iterable[str | None]) -> None:
    """Hide these values too, from now on, however Python, JSON, HTML or a URL spell them."""
    known = set(_SPELLINGS)
    for secret in secrets:
        if secret and _is_telling(secret):
            known |= {
                secret,
                repr(secret)[1:-1],
                json.dumps(secret)[1:-1],
                html.escape(secret),
                quote(secret, safe=""),
            }
    # Longest first: one may be the beginning of another.
    _SPELLINGS[:] = sorted(known, key=lambda spelling: (-len(spelling), spelling))


def scrub(text: str) -> str:
    """Replace what is a secret, or looks like a key, a token or a password."""
    for spelling in _SPELLINGS:
        if spelling in text:
            text = text.replace(spelling, HIDDEN)
    small = text.lower()
    for words, look, replacement in _LOOKS:
        if any(word in small for word in words):
            text = look.sub(replacement, text)
    return text


def scrubbed(value: Any) -> Any:
    """Return a value for JSON without secrets; numbers stay numbers, what JSON lacks is text."""
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if isinstance(value, Mapping):
        return {scrub(str(name)): scrubbed(one) for name, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [scrubbed(one) for one in value]
    return scrub(str(value))


def _is_telling(secret: str) -> bool:
    """Tell whether hiding a value everywhere hides nothing else, as it would with a word."""
    return len(secret) >= SHORTEST and (len(secret) >= LONGEST_WORD or not secret.isalpha())
