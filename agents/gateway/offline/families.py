"""What kind of thing a sentence asks for: the words that give it away."""

import re

FAMILIES = {
    "deliverable": r"livrables?|procès-verbal|dossier de|cahier des charges|deliverables?|handover"
    r"|production/|remettre|hand over",
    "privacy": r"données (?:personnelles|à caractère)|RGPD|CNIL|consent\w*|mots? de passe"
    r"|chiffr(?:er|ée?s?|ement)|journalis\w*|habilit\w*|anonymis\w*|confidenti\w*|effac\w*"
    r"|personal data|GDPR|passwords?|encrypt\w*|logged|anonymiz\w*|erase\w*|privacy"
    r"|authenticat\w*|permissions?"
    r"|supprimées?|deleted|conserv(?:er|ée?s?)|noms|names",
    "money": r"budgets?|coûts?|prix|tarifs?|factur\w*|gratuit\w*|paiements?|euros?|€|costs?|prices?"
    r"|fees?|invoic\w*|payments?|free of charge|charged|charge £|£",
    "access": r"accessib\w*|RGAA|WCAG|handicap\w*|lecteurs? d’écran|malvoyant\w*|langues?|disab\w*"
    r"|screen readers?|languages?|large print|contrast\w*|clavier|keyboard|courriers|letters"
    r"|n’utilisent pas|do not use",
    "speed": r"secondes?|temps de réponse|montée en charge|simultané\w*|pics?|moyenne|seconds?"
    r"|response times?|load tests?|concurrent\w*|peaks?|average|at the same time",
    "continuity": r"disponib(?:le|ilité)s?|pannes?|sauvegard\w*|restaur\w*|hors connexion|réseau"
    r"|interruption\w*|availab(?:le \d|ility)\w*|outages?|backups?|back(?:ed)? up|restor\w*|offline"
    r"|network|breaks? down|recover\w*",
    "report": r"rapports?|indicateurs?|tableaux? de bord|statisti\w*|bilans?|reports?|report three"
    r"|dashboards?|indicators?|présenter|minutes of|chiffres|figures",
    "message": r"notifi\w*|rappels?|courriels?|SMS|messages?|avert\w*|prév(?:enir|enu\w*)|inform\w*"
    r"|remind\w*|e-?mails?|text messages?|alerts?|be told|signalée?s?|reported to",
    "exchange": r"import\w*|export\w*|API|annuaires?|échang\w*|migr\w*|synchron\w*|interfac\w*"
    r"|fichiers?|open data|données ouvertes|exchang\w*|spreadsheets?|files?|tableur",
    "people": r"form(?:er|és?|ées?|ations?)|accompagn\w*|assistance|train(?:ed|ing)?|help ?desk"
    r"|guides?|manuals?",
    "deadline": r"délais?|échéanc\w*|jalons?|au plus tard|deadlines?|milestones?|no later than"
    r"|mise en service|go-live|pilote?",
    "feature": r"\w",
}
_FAMILIES = {
    name: re.compile(rf"(?<!\w)(?:{words})(?!\w)" if name != "feature" else words, re.IGNORECASE)
    for name, words in FAMILIES.items()
}


def family(text: str) -> str:
    """Return the kind of thing that the sentence asks for, one of `FAMILIES`."""
    return next((name for name, words in _FAMILIES.items() if words.search(text)), "feature")
