"""A short title for a sentence that obliges: who or what, and what is to be done."""

import re

from agents.gateway.offline.sentences import OBLIGES, Sentence, without_addresses
from agents.gateway.offline.subjunctive import is_clause, with_infinitive

LIMIT = 76
LEAST = 40

MARKUP = re.compile(r"!?\[([^\]]*)\]\([^)]*\)|<[^>]*>|[*`~\"«»“”]+|(?<!\w)_+|_+(?!\w)|\\(?=\W)")
PLACING = re.compile(
    r"^(?:from|after|before|in|on|at|during|for|when|if|once|until|with|without|à|après|avant|pendant"
    r"|dans|en|lors|pour|si|quand|dès|avec|sans|sur)\b|\b(?:we|you|it|they|nous|vous|il|elle|on)$",
    re.IGNORECASE,
)
PRONOUNS = re.compile(
    r"^(?:it|they|he|she|we|you|this|that|these|those|which|there|who|nobody|everyone|il|elle|ils"
    r"|elles|on|nous|vous|cela|ceci|ça|ce|celui-ci|celle-ci|ceux-ci|qui|chacun|personne)$",
    re.IGNORECASE,
)
PLAIN = re.compile(
    r"^(?:service|syst(?:è|e)me?|application|solution|outil|tool|plate-?forme|platform|software"
    r"|logiciel|product|produit)$",
    re.IGNORECASE,
)
ARTICLE = re.compile(
    r"^(?:the|an?|every|each|all|any|its|their|our|le|la|les|l[’']|une?|des|chaque|tou(?:t|te|s|tes)"
    r"(?: les?| la)?|son|sa|ses|leurs?|notre|nos|cette|cet|ces)(?: +|(?<=[’']))",
    re.IGNORECASE,
)
ABLE = re.compile(r"^(?:be able to|pouvoir|permettre de|permettre d[’'])\s*", re.IGNORECASE)
BE = re.compile(r"^(?:be|être)\s+", re.IGNORECASE)
FRENCH_NOT = re.compile(r"^(pas|jamais|en aucun cas|plus|rien)\s+", re.IGNORECASE)
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
CUT = re.compile(r"[\s\u00a0\u202f]*(?:[;:,](?=\s)|\(|[\s][—–-]\s)")
INVERTED = re.compile(
    r"^(?:(?:and|but|so) )?should\s(?:\([^()]*\)|[^,(?])+,\s+(?:then\s+)?(?=\w)", re.IGNORECASE
)
"""`Should it rain, …`: a case, not a duty; the duty is in the clause after the comma."""

NOUN = re.compile(r"\b(?:an?|absolute|real|the)\s+$", re.IGNORECASE)
JOINT = re.compile(
    r"[,;](?=\s)|\s(?:and|or|but|then|that|which|who|whom|where|when|if|so|because|et|ou|mais|puis"
    r"|qui|que|où|dont|si|quand|car)(?=\s|$)",
    re.IGNORECASE,
)
NOBODY = re.compile(
    r"(?:^|[,;:]\s+|\b(?:and|but|et|mais)\s+)(?:nobody|no one|none|nothing|neither|only|personne"
    r"|nul|rien|seule?s?)\b[^,;:]*$",
    re.IGNORECASE,
)
"""A subject that turns the duty round: without it a title would say the contrary."""

DANGLING = re.compile(r"(?:[\s,]+(?:and|or|but|et|ou|mais))+$", re.IGNORECASE)
BRACKETED = re.compile(r"\s*\([^()]*\)")
LONGEST_ROW = 40
FRENCH = ("doi", "dev", "fau")
NO_BREAK = "\u00a0"
EDGES = " .,;:!?…«»“”#>-\u00a0\u202f"


def title_for(sentence: Sentence) -> str:
    """Return the title of a sentence; one without a subject of its own takes its table row's."""
    title = title_of(sentence.text, sentence.parts)
    row = MARKUP.sub(lambda match: match[1] or "", sentence.row).replace("|", "/").strip(EDGES)
    modal = OBLIGES.search(without_addresses(sentence.text))
    before = sentence.text[: modal.start()].strip() if modal else "?"
    is_bare = not before or PRONOUNS.match(re.sub(r"\s+(?:ne|n[’'])$", "", before))
    if not modal or not is_bare or not re.search(r"[^\W\d]", row) or len(row) > LONGEST_ROW:
        return title
    colon = f"{NO_BREAK}:" if modal[0][:3].casefold() in FRENCH else ":"
    return _shorten(f"{row}{colon} {title[:1].lower()}{title[1:]}")


def title_of(text: str, parts: tuple[str, ...] = ()) -> str:
    """Return a title of at most about 76 characters, on one line, without markup."""
    plain = MARKUP.sub(lambda match: match[1] or "", text).replace("|", "/")
    plain = " ".join(plain.split(" ")).strip(EDGES)
    wanted = "" if text.rstrip().endswith("?") else _wanted(plain)
    if not wanted and parts:
        wanted = _wanted(parts[0]) or MARKUP.sub("", parts[0]).strip(EDGES)
    title = DANGLING.sub("", _shorten(wanted or INVERTED.sub("", plain)))
    return title[:1].upper() + title[1:] if title else "…"


def _wanted(plain: str) -> str:
    plain = INVERTED.sub("", plain)
    modal = _modal(plain)
    if not modal:
        return ""
    before, rest = plain[: modal.start()], plain[modal.end() :].strip()
    if rest.startswith((",", "-")):
        return ""
    if NOBODY.search(before) or (modal[0].casefold().startswith("fau") and is_clause(rest)):
        duty = with_infinitive(rest) if is_clause(rest) else ""
        return (_wanted(duty) or duty) if duty else _clause(plain, modal.start())
    is_french = modal[0][:3].casefold() in FRENCH
    has_ne = is_french and re.search(r"\bn(?:e|[’'])$", before.strip(), re.IGNORECASE)
    rest, negation = _negation(rest, is_not=modal[0].casefold().endswith(("n't", "n’t")))
    while not negation and ASIDE.match(rest):
        rest = ASIDE.sub("", rest)
    rest = _first_duty(ABLE.sub("", rest))
    if not rest or (negation and ASIDE.match(rest)):
        return ""
    if BE.match(rest):
        negated = {"": "", "not": "not ", "never": "never ", "pas": "non ", "plus": "non "}
        wanted = (
            f"{_subject(before, 60)} {negated.get(negation, 'jamais ')}{BE.sub('', rest)}".strip()
        )
        return wanted if len(wanted.split()) > 3 else _clause(plain, modal.start())
    subject = _subject(before, 40)
    action = _negated(rest, negation, has_ne=bool(has_ne))
    if subject and (len(action.split()) < 3 or not PLAIN.match(subject)):
        action = f"{subject}{NO_BREAK if is_french else ''}: {action}"
    return action if len(action.split()) > 2 else _clause(plain, modal.start())


def _first_duty(rest: str) -> str:
    """Cut a sentence that obliges twice before its second obligation."""
    second = _modal(rest)
    if not second:
        return rest.strip(EDGES)
    joints = [joint.start() for joint in JOINT.finditer(rest[: second.start()])]
    return WEAK_END.sub("", rest[: joints[-1] if joints else second.start()]).strip(EDGES)


def _modal(text: str) -> re.Match[str] | None:
    """Return the first word that obliges; `a must` is a noun."""
    found = OBLIGES.finditer(without_addresses(text))
    return next((modal for modal in found if not NOUN.search(text[: modal.start()])), None)


def _negated(rest: str, negation: str, *, has_ne: bool) -> str:
    if has_ne:
        words = {"": rest, "en aucun cas": f"jamais {rest}"}.get(negation, f"{negation} {rest}")
        return f"n’{words}" if not negation and words[:1].lower() in "aeiouyéèêh" else f"ne {words}"
    return f"{ {'not': 'do not ', 'never': 'never '}.get(negation, '') }{rest}"


def _negation(rest: str, *, is_not: bool) -> tuple[str, str]:
    match = FRENCH_NOT.match(rest) or ENGLISH_NOT.match(rest)
    if match:
        return rest[match.end() :], match[1].casefold()
    return rest, "not" if is_not else ""


def _subject(before: str, limit: int) -> str:
    """Return the words for who or what is obliged, when they are few and not a pronoun."""
    subject = re.sub(r"(?:^|\s+)(?:ne|n[’'])\s*$", "", before.rstrip(), flags=re.IGNORECASE)
    subject = BRACKETED.sub("", subject)
    pieces = re.split(r"[,;:](?:\s|$)", subject.strip())
    subject = pieces[-1].strip(EDGES)
    subject = re.sub(r"^(?:and|et|mais|but)\s+", "", subject, flags=re.IGNORECASE)
    is_aside = len(pieces) > 1 and not ARTICLE.match(subject)
    if is_aside or PRONOUNS.match(subject) or PLACING.search(subject):
        return ""
    subject = ARTICLE.sub("", subject)
    return subject if 2 < len(subject) <= limit and not PRONOUNS.match(subject) else ""


def _clause(plain: str, at: int) -> str:
    """Return the part of the sentence around position `at`, between two marks."""
    starts = [match.end() for match in re.finditer(r"[;:]\s", plain[:at])]
    return re.split(r"[\s\u00a0\u202f]*[;:](?:\s|$)", plain[starts[-1] if starts else 0 :])[0]


def _shorten(text: str) -> str:
    if len(text) <= LIMIT:
        return _closed(text.rstrip(EDGES) or text)
    cuts = [match.start() for match in CUT.finditer(text) if LEAST <= match.start() <= LIMIT]
    head = text[: cuts[-1]] if cuts else text[:LIMIT].rsplit(" ", 1)[0]
    head = WEAK_END.sub("", head) or head
    return _closed(head) if _closed(head) != head else head + ("" if cuts else "…")


def _closed(text: str) -> str:
    """Cut a text before a bracket that it opens and does not close."""
    while text.count("(") > text.count(")") and len(text.rpartition("(")[0].strip()) > 2:
        text = WEAK_END.sub("", text.rpartition("(")[0].rstrip())
    return text
