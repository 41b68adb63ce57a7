"""What a program can read in one sentence that obliges: its figures, cases, vague words, subject.

French and English are both looked for in every sentence: a request may mix them.
"""

import re

from agents.gateway.offline.sentences import key

MONTH = (
    r"(?:janvier|février|mars|avril|mai|juin|juillet|août|septembre|octobre|novembre|décembre"
    r"|January|February|March|April|May|June|July|August|September|October|November|December)"
)
NUMBER = (
    r"(?:\d{1,3}(?:[ \u00a0\u202f,.]\d{3})+|\d+(?:[.,]\d+)?|(?:(?:deux|trois|quatre|cinq|six|sept"
    r"|huit|neuf|dix|onze|douze|quinze|vingt|trente|quarante|cinquante|soixante|cent|mille|two|three|four"
    r"|five|seven|eight|nine|ten|eleven|twelve|fifteen|twenty|thirty|forty|fifty|sixty|seventy"
    r"|eighty|ninety|hundred|thousand)(?:-(?:et-)?[a-zéû]+)*))"
)
UNIT = (
    r"(?:secondes?|minutes?|heures?|jours?|semaines?|mois|ans?|années?|fois|clics?|pages?|langues?"
    r"|habitants?|foyers?|agents?|usagers?|utilisateurs?|personnes?|euros?|kg|kilos?|tonnes?|m³|km"
    r"|Go|Mo|Ko|caractères?|lignes?|dossiers?|demandes?|rendez-vous|objets?|photos?|étapes?|essais?"
    r"|points?|lots?|exemplaires?|seconds?|hours?|days?|weeks?|months?|years?|times?|clicks?"
    r"|languages?|residents?|households?|staff|users?|people|persons?|pounds?|dollars?|kilograms?"
    r"|tonnes?|miles?|GB|MB|KB|characters?|lines?|requests?|bookings?|appointments?|items?|photos?"
    r"|steps?|attempts?|copies|visits?|calls?|patients?|sites?)"
)
QUALIFIER = (
    r"(?: (?:ouvrés?|ouvrables?|calendaires?|glissants?|consécutifs?|working|business|calendar"
    r"|consecutive))?"
)
GAP = r"[ \u00a0\u202f]?"
VALUE = re.compile(
    r"(?<![\w/.-])(?:"
    rf"\d{{1,2}}(?:er|st|nd|rd|th)?[ \u00a0]{MONTH}(?:[ \u00a0]\d{{4}})?"
    rf"|{MONTH} \d{{1,2}}(?:st|nd|rd|th)?(?:,? \d{{4}})?"
    rf"|{MONTH} \d{{4}}"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}/\d{1,2}/\d{4}"
    r"|\d{1,2}(?::\d{2})? ?(?:am|pm|a\.m\.|p\.m\.)|\d{1,2}:\d{2}"
    rf"|\d{{1,2}}{GAP}h(?:{GAP}\d{{2}})?(?![\w])"
    rf"|[$£€]{GAP}{NUMBER}|{NUMBER}{GAP}[%€$£]"
    rf"|{NUMBER}[ \u00a0\u202f-](?:working |business |calendar )?{UNIT}{QUALIFIER}"
    r")(?!\w)",
    re.IGNORECASE,
)
CASE = re.compile(
    r"(?:^|(?<=[ ,(—–]))(?:si(?! possible| besoin| nécessaire)|s’il|lorsqu(?:e|’|')|quand"
    r"|en cas d(?:e |’|')|dès qu(?:e|’|')|sauf|à moins|tant qu(?:e|’|')|en l’absence"
    r"|if(?! possible| needed| necessary)|when|whenever|unless|once(?! an? | per | every )"
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
FAMILIES = {
    "deliverable": r"livrables?|procès-verbal|dossier de|cahier des charges|deliverables?|handover"
    r"|production/",
    "money": r"budgets?|coûts?|prix|tarifs?|factur\w*|gratuit\w*|paiements?|euros?|€|costs?|prices?"
    r"|fees?|invoic\w*|payments?|free of charge|£",
    "privacy": r"données (?:personnelles|à caractère)|RGPD|CNIL|consent\w*|mots? de passe|chiffr\w*"
    r"|journalis\w*|habilit\w*|anonymis\w*|confidenti\w*|effac\w*|personal data|GDPR|passwords?"
    r"|encrypt\w*|log(?:ged|s)? in|anonymis\w*|anonymiz\w*|erase\w*|privacy|authenticat\w*"
    r"|permissions?|supprimées?|deleted",
    "access": r"accessib\w*|RGAA|WCAG|handicap\w*|lecteurs? d’écran|malvoyant\w*|téléphone|langues?"
    r"|disab\w*|screen readers?|phones?|languages?|large print|contrast\w*|clavier|keyboard",
    "continuity": r"disponib\w*|pannes?|sauvegard\w*|restaur\w*|hors connexion|interruption\w*"
    r"|réseau|availab\w*|outages?|backups?|back up|restor\w*|offline|without (?:a )?network"
    r"|recover\w*",
    "speed": r"secondes?|temps de réponse|charge|simultané\w*|pics?|seconds?|response times?|loads?"
    r"|concurrent\w*|peaks?|at the same time",
    "message": r"notifi\w*|rappels?|courriels?|SMS|messages?|avert\w*|prév(?:enir|enu\w*)|inform\w*"
    r"|remind\w*|e-?mails?|texts?|alerts?|letters?|courriers?",
    "exchange": r"import\w*|export\w*|API|annuaires?|échang\w*|migr\w*|synchron\w*|interfac\w*"
    r"|fichiers?|open data|exchang\w*|spreadsheets?|files?|tableur",
    "people": r"form(?:er|és?|ées?|ations?)|accompagn\w*|support|assistance|train\w*|help ?desk"
    r"|guid\w*|manuals?|référents?|crews?|équipes?",
    "report": r"rapports?|indicateurs?|tableaux? de bord|statisti\w*|bilans?|suivi|reports?"
    r"|dashboards?|indicators?|measures?|mesur\w*|figures?|minutes of",
    "deadline": r"délais?|échéanc\w*|calendrier|jalons?|avant le|au plus tard|deadlines?"
    r"|milestones?|schedule|no later than|calendar|mise en service|go-live|pilote?",
    "feature": r"\w",
}
_FAMILIES = {
    name: re.compile(rf"(?<!\w)(?:{words})(?!\w)" if name != "feature" else words, re.IGNORECASE)
    for name, words in FAMILIES.items()
}


def values(text: str) -> tuple[str, ...]:
    """Return the figures with their units, the dates and the times, each once, in order."""
    return tuple(dict.fromkeys(match[0].strip() for match in VALUE.finditer(text)))


def cases(text: str) -> tuple[str, ...]:
    """Return the clauses that say in which case the sentence holds."""
    found = (match[0].strip() for match in CASE.finditer(text))
    return tuple(case for case in found if 2 < len(case.split()) <= 18)


def vague_words(text: str) -> tuple[str, ...]:
    """Return the words that nobody can check; none when the sentence gives a figure."""
    if values(text):
        return ()
    return tuple(dict.fromkeys(match[0] for match in VAGUE.finditer(text)))


def forbids(text: str) -> bool:
    return FORBIDS.search(text) is not None


def family(text: str) -> str:
    """Return the kind of thing that the sentence asks for, one of `FAMILIES`."""
    return next(name for name, pattern in _FAMILIES.items() if pattern.search(text))


def lacks(section: str, text: str) -> tuple[str, ...]:
    """Return the values of the sentence `text` that `section` does not repeat."""
    said = key(section)
    return tuple(value for value in values(text) if key(value) not in said)
