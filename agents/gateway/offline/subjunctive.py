"""French clauses after « il faut que »: who must do what, said again with an infinitive."""

import re

_IRREGULAR = {
    "soi[st]|soient": "être",
    "aie?t|aient": "avoir",
    "puissent": "pouvoir",
    "puisse": "pouvoir",
    "aille(?:nt)?": "aller",
    "sache(?:nt)?": "savoir",
    "reçoive(?:nt)?": "recevoir",
    "ouvre(?:nt)?": "ouvrir",
    "parte(?:nt)?": "partir",
    "serve(?:nt)?": "servir",
    "suive(?:nt)?": "suivre",
    "lise(?:nt)?": "lire",
    "dise(?:nt)?": "dire",
    "écrive(?:nt)?": "écrire",
    "conduise(?:nt)?": "conduire",
    "produise(?:nt)?": "produire",
    "connaisse(?:nt)?": "connaître",
    "reste(?:nt)?": "rester",
    "donne(?:nt)?": "donner",
    "garde(?:nt)?": "garder",
    "trouve(?:nt)?": "trouver",
    "paye(?:nt)?|paie(?:nt)?": "payer",
}
_FAMILIES = {
    r"((?:re|sur)?)fasse(?:nt)?": "faire",
    r"((?:com|ap|re|entre|sur)?)prenne(?:nt)?": "prendre",
    r"((?:re|de|con|par|pré|sou|inter)?)vienne(?:nt)?": "venir",
    r"((?:con|ob|main|re|sou|ap|entre|dé)?)tienne(?:nt)?": "tenir",
    r"((?:per|com|trans|pro|re|ad|sou)?)mette(?:nt)?": "mettre",
    r"((?:at|en|é|pré)?)tende(?:nt)?": "tendre",
    r"((?:cor)?)réponde(?:nt)?": "répondre",
    r"()rende(?:nt)?": "rendre",
    r"()vende(?:nt)?": "vendre",
    r"()perde(?:nt)?": "perdre",
    r"(averti|choisi|défini|établi|fini|fourni|garanti|rempli|réuni|réussi|saisi)sse(?:nt)?": "r",
}
_VERBS = {re.compile(form): verb for form, verb in {**_IRREGULAR, **_FAMILIES}.items()}
_FORMS = "|".join(re.sub(r"\((?!\?)", "(?:", form) for form in (*_IRREGULAR, *_FAMILIES))

CLAUSE = re.compile(r"^qu(?:e\s+|['’])", re.IGNORECASE)
PARTS = re.compile(
    r"^(?P<who>(?:\S+\s+){1,7}?)(?P<ne>ne\s+|n['’])?"
    r"(?P<own>(?:(?:se|lui|leur|y|en)\s+|s['’])?)"
    rf"(?P<verb>{_FORMS})\s+(?:(?P<no>pas|plus|jamais|rien)\s+)?(?P<what>.+)$",
    re.IGNORECASE | re.DOTALL,
)
RELATIVE = re.compile(r"\b(?:qui|que|dont|où|si|quand)\b|[;:(]|\bqu['’]", re.IGNORECASE)
DETERMINER = re.compile(r"(?:le|la|les|une?|des|ce|cet|cette|ces|son|sa|ses)", re.IGNORECASE)
THERE_IS = re.compile(r"^il\s+y\s+ai(?:t|ent)\s+", re.IGNORECASE)


def is_clause(rest: str) -> bool:
    """Say whether what follows « il faut » is a clause, its verb in the subjunctive."""
    return CLAUSE.match(rest) is not None


def with_infinitive(rest: str) -> str:
    """Turn `que le dépôt prenne les meubles` into `le dépôt doit prendre les meubles`, and
    `qu’il y ait un banc` into `un banc`. Return an empty string when the verb is not known."""
    clause = CLAUSE.sub("", rest)
    if THERE_IS.match(clause):
        return THERE_IS.sub("", clause)
    parts = PARTS.match(clause)
    if not parts or RELATIVE.search(parts["who"]) or DETERMINER.fullmatch(parts["who"].strip()):
        return ""
    not_ = f"ne doit {parts['no'] or ''} " if parts["ne"] else "doit "
    kept = "" if parts["ne"] else f"{parts['no'] or ''} "
    duty = f"{parts['who']}{not_}{kept}{parts['own']}{_infinitive(parts['verb'])} {parts['what']}"
    return " ".join(duty.split(" ")).replace("  ", " ")


def _infinitive(verb: str) -> str:
    for form, infinitive in _VERBS.items():
        match = form.fullmatch(verb.lower())
        if match:
            return "".join(match.groups()) + infinitive
    return verb
