"""The values that a sentence gives: figures with their units, dates, times and sums.

French and English are both looked for in every sentence: a request may mix them.
"""

import re
from dataclasses import dataclass

from agents.gateway.offline.sentences import key

MONTH = (
    r"(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
    r"|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?|January|February|March|April|May|June|July|August|September|October|November|December)"
)
WORD_NUMBER = (
    r"(?:deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante"
    r"|cinquante|soixante|cent|mille|two|three|four|five|seven|eight|nine|ten|eleven|twelve"
    r"|fifteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand)"
    r"(?:-(?:et-)?[a-zéû]+)*"
)
NUMBER = rf"(?:\d{{1,3}}(?:[ \u00a0\u202f,.]\d{{3}})+|\d+(?:[.,]\d+)?|{WORD_NUMBER})"
VERB = (
    r"(?:must|shall|should|may|might|can|could|will|would|do|does|did|is|are|was|were|has|have|had"
    r"|need|ought)(?:n(?=['’]t))?|cannot|wo(?:n(?=['’]t))|ca(?:n(?=['’]t))"
    r"|doit|doivent|devr[a-z]+|peu(?:t|vent)|pourr[a-z]+|sont|est|ont|faut|faudra|seront|auront"
)
"""Words after a figure that begin what is said of it: no unit."""

UNIT = (
    rf"(?!(?:{VERB})\b)(?!(?:and|or|of|to|the|in|on|at|by|for|other|et|ou|de|des|du|la|le|les|à|au|aux|autres|par|dans"
    r"|pour|sur|en|ne|se|qui|que)\b)[a-zà-ÿ][a-zà-ÿ³-]{2,}|h|kg|km|cm|mm|m³|dB|kWh?|°C|[GMK][Bo]"
)
QUALIFIER = (
    r"(?: (?:ouvrés?|ouvrables?|calendaires?|glissants?|consécutifs?|working|business|calendar"
    r"|consecutive))?"
)
BOUND = (
    r"(?:(?:moins de|plus de|au moins|au plus|au maximum|au minimum|jusqu’à|sous|avant|d’ici"
    r"|dans les|less than|fewer than|no more than|no longer than|no later than|more than"
    r"|at least|at most|up to|within(?: the next)?|under|over|before|until|by)[ \u00a0]"
    r"(?:le |la |les )?)?"
)
SUFFIX = (
    r"(?:[ \u00a0](?:au plus|au moins|au maximum|au minimum|par an|at most|at least|a year)\b)?"
)
GAP = r"[ \u00a0\u202f]?"
KINDS = {
    "date": (
        rf"\d{{1,2}}(?:er|st|nd|rd|th)?[ \u00a0]{MONTH}(?:[ \u00a0]\d{{4}})?"
        rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?(?!\d)|{MONTH} \d{{4}}"
        r"|\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}"
    ),
    "time": (
        r"\d{1,2}(?::\d{2})? ?(?:am|pm|a\.m\.|p\.m\.)|\d{1,2}:\d{2}"
        rf"|\d{{1,2}}{GAP}h(?:{GAP}\d{{2}})?(?!\w)"
    ),
    "money": rf"[$£€]{GAP}{NUMBER}|{NUMBER}{GAP}(?:[€$£]|euros?\b|pounds?\b|dollars?\b)",
    "amount": (
        rf"{NUMBER}{GAP}%|{NUMBER}[ \u00a0\u202f-](?:working |business |calendar )?(?:{UNIT})"
        rf"{QUALIFIER}"
        r"|(?:(?<=under )|(?<=over )|(?<=least )|(?<=most )|(?<=than ))\d+(?![.,:]?\d)"
    ),
}
VALUE = re.compile(
    rf"(?<![\w/.-])(?P<bound>{BOUND})(?:"
    + "|".join(f"(?P<{kind}>{pattern})" for kind, pattern in KINDS.items())
    + rf")(?!\w)(?P<suffix>{SUFFIX})",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Value:
    """A figure with its unit, a date, a time or a sum; `text` has its bound, `core` has not."""

    kind: str
    text: str
    core: str


def read_values(text: str) -> tuple[Value, ...]:
    """Return the values that the sentence gives, each once, in order."""
    found: dict[str, Value] = {}
    for match in VALUE.finditer(text):
        kind = next(kind for kind in KINDS if match[kind])
        found.setdefault(match[0], Value(kind, match[0].strip(), match[kind]))
    return tuple(found.values())


def values(text: str) -> tuple[str, ...]:
    """Return the values as they stand in the sentence."""
    return tuple(value.text for value in read_values(text))


def lacks(section: str, text: str) -> tuple[str, ...]:
    """Return the values of the sentence `text` that `section` does not repeat."""
    said = key(section)
    return tuple(value.text for value in read_values(text) if key(value.core) not in said)
