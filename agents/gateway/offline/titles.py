"""A short title for a sentence that obliges: what is to be done, or to what."""

import re

from agents.gateway.offline.sentences import OBLIGES

LIMIT = 70
LEAST = 18

MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|[*`~]+|(?<!\w)_+|_+(?!\w)|\\(?=\W)")
PRONOUNS = re.compile(
    r"^(?:it|they|he|she|we|you|this|that|these|those|which|there|il|elle|ils|elles|on|nous|vous"
    r"|cela|ceci|ça|ce|celui-ci|celle-ci|ceux-ci|qui)$",
    re.IGNORECASE,
)
ARTICLE = re.compile(
    r"^(?:the|an?|every|each|all|any|its|their|our|le|la|les|l[’']|une?|des|chaque|tou(?:t|te|s|tes)"
    r"(?: les?| la)?|son|sa|ses|leurs?|notre|nos|cette|cet|ces)(?: +|(?<=[’']))",
    re.IGNORECASE,
)
ABLE = re.compile(r"^(?:be able to|pouvoir|permettre de|permettre d[’'])\s*", re.IGNORECASE)
BE = re.compile(r"^(?:be|être)\s+", re.IGNORECASE)
FRENCH_NOT = re.compile(r"^(pas|jamais|en aucun cas|plus)\s+", re.IGNORECASE)
ENGLISH_NOT = re.compile(r"^(not|never)\s+", re.IGNORECASE)
ASIDE = re.compile(
    r"^(?:also|always|therefore|thus|aussi|également|donc|toujours|notamment|alors|en outre"
    r"|que|qu[’'])(?:\s+|(?<=[’']))",
    re.IGNORECASE,
)
WEAK_END = re.compile(
    r"(?:[\s,;:]|\b(?:de|du|des|d[’']|la|le|les|l[’']|un|une|et|ou|à|au|aux|en|dans|sur|par|pour"
    r"|avec|sans|que|qui|qu[’']|dont|son|sa|ses|leur|leurs|ce|cette|ces|ne|si|the|an?|of|to|and|or"
    r"|in|on|at|by|for|from|with|without|that|which|its|their|his|her|is|are|be|as|than|not|if)"
    r"(?=\s*$))+$",
    re.IGNORECASE,
)
CUT = re.compile(r"\s*(?:[;:,(]|\s[—–-]\s)")


def title_of(text: str, parts: tuple[str, ...] = ()) -> str:
    """Return a title of at most about 70 characters, on one line, without markup."""
    plain = " ".join(MARKUP.sub(lambda match: match[1] or "", text).replace("|", "/").split(" "))
    plain = " ".join(plain.split()).strip(' .;:!?…«»“”"#>-\u00a0\u202f')
    wanted = _wanted(plain)
    if not wanted and parts:
        wanted = _wanted(parts[0]) or parts[0]
    title = _shorten(wanted or plain)
    return title[:1].upper() + title[1:] if title else "…"


def _wanted(plain: str) -> str:
    modal = OBLIGES.search(plain)
    if not modal:
        return ""
    subject = _subject(plain[: modal.start()])
    rest = plain[modal.end() :].strip()
    rest, negation = _negation(rest, is_not=modal[0].casefold().endswith(("n't", "n’t")))
    if negation and re.match(r"qu(?:e\b|[’'])", rest):
        return ""
    while ASIDE.match(rest):
        rest = ASIDE.sub("", rest)
    rest = ABLE.sub("", rest)
    if BE.match(rest):
        state = BE.sub("", rest)
        negated = {"pas": "non ", "plus": "non ", "never": "never ", "not": "not "}
        return f"{subject} {negated.get(negation, negation and 'jamais ')}{state}".strip()
    return _with_negation(rest, negation)


def _with_negation(rest: str, negation: str) -> str:
    if not rest or not negation:
        return rest
    if negation in ("not", "never"):
        return f"{'Never' if negation == 'never' else 'Do not'} {rest}"
    return f"Ne {'jamais' if negation == 'en aucun cas' else negation} {rest}"


def _negation(rest: str, *, is_not: bool) -> tuple[str, str]:
    match = FRENCH_NOT.match(rest) or ENGLISH_NOT.match(rest)
    if match:
        return rest[match.end() :], match[1].casefold()
    return rest, "not" if is_not else ""


def _subject(before: str) -> str:
    """Return the words for who or what is obliged, when they are few and not a pronoun."""
    subject = re.sub(r"\s+(?:ne|n[’'])\s*$", "", before.rstrip()).strip()
    subject = subject.rsplit(",", 1)[-1].rsplit(":", 1)[-1].strip(' «“"\u00a0\u202f')
    subject = ARTICLE.sub("", subject)
    is_usable = 2 < len(subject) <= 45 and not PRONOUNS.match(subject)
    return subject if is_usable else ""


def _shorten(text: str) -> str:
    cut = next((m.start() for m in CUT.finditer(text) if m.start() >= LEAST), len(text))
    if cut <= LIMIT:
        return WEAK_END.sub("", text[:cut]) or text[:cut]
    head = text[:LIMIT].rsplit(" ", 1)[0]
    return (WEAK_END.sub("", head) or head) + "…"
