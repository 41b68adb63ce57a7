"""What a program can read in one sentence that obliges: its cases, its vague words, its ban.

French and English are both looked for in every sentence: a request may mix them.
"""

import re

from agents.gateway.offline.values import VALUE

CASE = re.compile(
    r"(?:^|(?<=[ ,(—–]))(?:si(?! possible| besoin| nécessaire)|s’il|lorsqu(?:e|’|')|quand"
    r"|en cas d(?:e |’|')|dès qu(?:e|’|')|sauf|à moins|tant qu(?:e|’|')|en l’absence"
    r"|if(?! possible| needed| necessary)|when|whenever|unless|once(?= (?:the|it|they|all|this) )"
    r"|in case of|as long as)\b[^,.;:()«»“”—]*",
    re.IGNORECASE,
)
VAGUE = re.compile(
    r"\b(?:rapide(?:s|ment)?|simple(?:s|ment)?|facile(?:s|ment)?|convivia(?:l|le|les|ux)"
    r"|intuiti(?:f|fs|ve|ves)|ergonomiques?|performante?s?|robustes?|modernes?|adaptée?s?"
    r"|suffisante?s?|raisonnables?|optima(?:l|le|les|ux)|efficaces?|fiables?|agréables?|souples?"
    r"|si possible|dès que possible|régulièrement|au mieux|le cas échéant|de qualité"
    r"|fast|quick|quickly|eas(?:y|ily)|simple|simply|user-friendly|intuitive|modern|robust"
    r"|reasonabl[ey]|appropriate(?:ly)?|adequate(?:ly)?|sufficient(?:ly)?|efficient(?:ly)?"
    r"|reliabl[ey]|flexible|seamless(?:ly)?|prompt(?:ly)?|suitabl[ey]|timely|if possible"
    r"|as soon as possible|regularly|where appropriate|of good quality)\b",
    re.IGNORECASE,
)
FORBIDS = re.compile(
    r"\b(?:must|shall|should)(?: not\b| never\b)|mustn['’]t|shouldn['’]t"
    r"|\bn(?:e |['’])(?:doit|doivent|devra|devront|devrait|devraient|faut|faudra)\b(?! que\b)",
    re.IGNORECASE,
)


def cases(text: str) -> tuple[str, ...]:
    """Return the clauses that say in which case the sentence holds."""
    found = (match[0].strip() for match in CASE.finditer(text))
    return tuple(case for case in found if 2 < len(case.split()) <= 18)


def vague_words(text: str) -> tuple[str, ...]:
    """Return the words that nobody can check, those beside a figure left out."""
    clauses = re.split(r"[,;:](?= )", text)
    found = (match[0] for c in clauses if not VALUE.search(c) for match in VAGUE.finditer(c))
    return tuple(dict.fromkeys(found))


def forbids(text: str) -> bool:
    return FORBIDS.search(text) is not None
