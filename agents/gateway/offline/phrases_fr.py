"""The French phrases, typed with plain spaces: `phrases.py` sets the no-break ones."""

PHRASES = {
    # specifications.md
    "specifications.title": "# Spécifications",
    "specifications.keeper": "*Document tenu par l’agent Spécifications, d’après `demande.md`.*",
    "specifications.empty": "Les exigences paraîtront ici, numérotées, dans l’ordre de la demande.",
    "specifications.label": (
        "*Ébauche hors ligne : un programme a relevé les phrases de la demande qui obligent, "
        "sans modèle de langage. Un numéro garde sa phrase pour toujours.*"
    ),
    "specifications.counts": "La demande contient {counts}.",
    "specifications.none": (
        "La demande ne contient encore aucune exigence : aucune de ses phrases n’oblige à quoi "
        "que ce soit. Une phrase avec le verbe « devoir », ajoutée à `demande.md`, paraîtra ici."
    ),
    "specifications.general": "## Exigences",
    "specifications.requirement": "- **R{number}** — « {sentence} »",
    "specifications.advice": "- **R{number}** *(recommandation)* — « {sentence} »",
    "specifications.part": "  - « {part} »",
    "specifications.vague": "## Mots à préciser",
    "specifications.vague_why": (
        "Tels quels, ces mots ne se vérifient pas. Une mesure ou un exemple dans la demande les "
        "rendrait sûrs."
    ),
    "specifications.vague_head": "| Exigence | Mot employé |",
    "specifications.vague_row": "| R{number} | « {words} » |",
    "specifications.values": "## Chiffres et dates à tenir",
    "specifications.values_head": "| Exigence | Valeur donnée par la demande |",
    "specifications.values_row": "| R{number} | {values} |",
    "specifications.rule": "| --- | --- |",
    "specifications.retired": "*Numéros retirés, jamais réattribués : {numbers}.*",
    "specifications.left_out": (
        "*La demande dépasse ce que ce fichier peut porter. Phrases restées sans numéro : {count}.*"
    ),
    # production.md
    "production.title": "# Production",
    "production.keeper": "*Document tenu par l’agent Production, une section par exigence.*",
    "production.empty": "Les sections suivront les exigences de `specifications.md`.",
    "production.label": (
        "*Ébauche hors ligne : un programme a composé ces sections avec les phrases de la demande "
        "et des conseils généraux, sans modèle de langage. À relire, à compléter, à corriger.*"
    ),
    "production.quote": "> {sentence}",
    "production.context": "- **Contexte :** {text}",
    "production.parts": "- **À livrer :** {text}.",
    "production.approach": "- **Démarche :** {text}",
    "production.acceptance": "- **Recette :** {text}",
    "production.related": "- **À traiter avec :** {text}.",
    "production.file": "- **Fichier :** `{path}`, tenu à jour avec les exigences.",
    "production.bare": "- **À instruire :** qui se charge de R{number}, comment, pour quand ?",
    "production.amount": "on compte ou l’on mesure : {text}.",
    "production.money": "on refait le calcul sur un cas réel : {text}.",
    "production.time": "on constate l’heure sur place : {text}.",
    "production.date": "on montre le résultat en marche à la date dite : {text}.",
    "production.case": "on joue le cas « {text} » devant témoin.",
    "production.absence": "on cherche à mettre l’interdiction en défaut, et l’on n’y parvient pas.",
    # management.md
    "management.title": "# Pilotage",
    "management.keeper": "*Document tenu par l’agent Pilotage : les tâches et l’équipe.*",
    "management.empty": "Aucune tâche pour le moment.",
    "management.label": "*Hors ligne : cette liste est calculée par un programme.*",
    "management.progress": "Tâches faites : {done} sur {count}.",
    "management.complete": "Tout est fait : {done} sur {count}.",
    "management.tasks": "## Tâches",
    "management.open": "- [ ] **R{number}** — {title}",
    "management.done": "- [x] **R{number}** — {title}",
    "management.team": "## Équipe",
    "management.team_head": "| Agent | Tient |",
    "management.rule": "| --- | --- |",
    "management.member": "| {agent} | {kept} |",
    # Lines of former tables, known again so that they give way.
    "management.former_head": "| Agent | État |",
    "management.former_member": "| {agent} | {state} |",
    # evaluation.md
    "evaluation.title": "# Évaluation",
    "evaluation.keeper": "*Document tenu par l’agent Évaluation : ce qui est fait, ce qui manque.*",
    "evaluation.empty": "Rien à évaluer pour le moment.",
    "evaluation.label": (
        "*Hors ligne : un programme compte les sections ; il ne juge pas de ce qu’elles valent.*"
    ),
    "evaluation.balance": "## Bilan",
    "evaluation.total": "- Exigences : {count}",
    "evaluation.covered": "- Couvertes : {count}",
    "evaluation.uncovered": "- Non couvertes : {count}",
    "evaluation.all": "*Chaque exigence a sa section dans `production.md`.*",
    "evaluation.missing": "## Sections manquantes",
    "evaluation.missing_row": (
        "- **R{number}** n’a pas de section dans `production.md` : « {quoted} »"
    ),
    "evaluation.blank": "## Sections vides",
    "evaluation.blank_row": "- **R{number}** a un titre mais pas de texte : « {quoted} »",
    "evaluation.lost": "## Chiffres oubliés",
    "evaluation.lost_row": "- **R{number}** demande {values}, que sa section ne reprend pas.",
    "evaluation.orphans": "## Sections sans exigence",
    "evaluation.orphan_row": (
        "- La section n° {number} ne répond à aucune phrase de la demande : « {quoted} »"
    ),
    "evaluation.detail": "## Détail",
    "evaluation.detail_head": "| Exigence | Objet | État |",
    "evaluation.rule": "| --- | --- | --- |",
    "evaluation.ok_row": "| R{number} | {title} | couverte |",
    "evaluation.ko_row": "| R{number} | {title} | non couverte |",
    # Lines of former evaluations, which quoted nothing.
    "evaluation.former_all": "Chaque exigence a sa section dans `production.md`.",
    "evaluation.former_missing": (
        "- **R{number}** n’a pas de section dans `production.md` : {title}"
    ),
    "evaluation.former_blank": "- **R{number}** a un titre mais pas de texte : {title}",
    "evaluation.former_orphan": (
        "- La section n° {number} ne répond à aucune phrase de la demande."
    ),
    # suivi.md
    "suivi.title": "# Suivi",
    "suivi.keeper": "*Document tenu par l’agent Suivi : le journal de la mission.*",
    "suivi.empty": "Rien à noter pour le moment.",
    "suivi.label": (
        "*Hors ligne : un programme recopie ici les registres de la mission. Les heures sont en "
        "temps universel.*"
    ),
    "suivi.day": "## {date}",
    "suivi.entry": "- {time} — {text}",
    "suivi.older": "*Les entrées plus anciennes sont dans l’historique des révisions.*",
    # duplication.md
    "duplication.title": "# Doublons",
    "duplication.keeper": "*Document tenu par l’agent Doublons : ce qui est dit deux fois.*",
    "duplication.empty": "Rien à comparer pour le moment.",
    "duplication.label": (
        "*Hors ligne : un programme compare les mots des passages, sans en peser le sens ; les "
        "citations ne comptent pas.*"
    ),
    "duplication.none": "Aucun passage ne se répète dans les spécifications et la production.",
    "duplication.found": "Passages répétés : {count}.",
    "duplication.exact": "- **Identiques** — {place} et {other} : « {excerpt} »",
    "duplication.near": "- **Très proches** — {place} et {other} : « {excerpt} »",
    "duplication.code": "- **Même code** — {place} et {other} : `{excerpt}`",
    # files under production/
    "deliverable.label": (
        "*Ébauche hors ligne : un programme a classé les exigences par rubrique, sans modèle de "
        "langage. Les textes sont dans `production.md`.*"
    ),
    "deliverable.lots": "## Lots",
    "deliverable.head": "| Lot | Exigences |",
    "deliverable.rule": "| --- | --- |",
    "deliverable.row": "| {name} | {numbers} |",
    "deliverable.dates": "## Dates",
    "deliverable.dates_head": "| Exigence | Objet | Date |",
    "deliverable.dates_rule": "| --- | --- | --- |",
    "deliverable.dates_row": "| R{number} | {title} | {values} |",
    "deliverable.open": "## À éclaircir avant de s’engager",
    "deliverable.open_row": "- **R{number}** dit « {words} » sans donner de mesure.",
    "deliverable.asked": "Ce fichier répond à {numbers}.",
}

ROLES = {
    "specifications": "Spécifications",
    "production": "Production",
    "management": "Pilotage",
    "evaluation": "Évaluation",
    "suivi": "Suivi",
    "duplication": "Doublons",
}

STATES = {
    "STOPPED": "à l’arrêt",
    "PAUSED_BUDGET": "en pause : budget atteint",
    "PAUSED_BREAKER": "en pause : modèle injoignable",
    "BACKING_OFF": "en attente après un échec",
    "failed": "au travail ; son dernier passage a échoué",
    "new": "n’a pas encore travaillé",
    "well": "au travail",
}

OUTCOMES = {
    "changed": "{who} a modifié {what}{about}.",
    "saved": "{who} a modifié {what}{about}.",
    "created": "{who} a écrit {what}{about}.",
    "restored": "{who} a rétabli une version antérieure de {what}{about}.",
    "reverted": "{who} a retiré de {what} ce qu’un passage y avait fait{about}.",
    "moved": "{who} a déplacé {what}{about}.",
    "removed": "{who} a supprimé {what}{about}.",
    "accepted": "{who} a accepté une proposition{about}.",
    "partly": "{who} a accepté une partie d’une proposition{about}.",
    "declined": "{who} a refusé une proposition{about}.",
    "expired": "Une proposition a expiré{about}.",
    "proposed": "{who} a proposé une modification, qui attend un accord{about}.",
    "rejected": "{who} a tenté une modification, qui a été refusée{about}.",
    "failed": "{who} n’a pas pu aboutir{about}.",
    "timed_out": "{who} a dépassé le temps imparti{about}.",
    "cancelled": "{who} a été interrompu{about}.",
    "stopped_budget": "{who} s’est arrêté : budget atteint.",
    "stopped_breaker": "{who} s’est arrêté : modèle injoignable.",
    "external": "Quelqu’un a modifié {what} hors de l’application{about}.",
}

WORDS = {
    "one_requirement": "1 exigence",
    "requirements": "{count} exigences",
    "one_advice": ", dont 1 recommandation",
    "advice": ", dont {count} recommandations",
    "one_file": "`{path}`",
    "revision": " (révision {number})",
    "about": " ({text})",
    "agent": "L’agent {name}",
    "mission": "la mission",
    "under": "`{path}`, sous « {heading} »",
    "in": "`{path}`",
    "and": " et ",
    "list": " ; ",
    "quoted": "« {text} »",
    "general": "Exigences",
    "nothing": "—",
    "someone": "Quelqu’un",
}

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip

REPLIES = {
    "done": "J’ai mis à jour {files}.",
    "nothing": "{files} dit déjà ce qu’il doit dire : je ne change rien.",
    "many_nothing": "Mes fichiers disent déjà ce qu’ils doivent dire : je ne change rien.",
    "unknown": "L’écrivain hors ligne ne connaît pas le rôle « {role} » : il ne change rien.",
    "blocked": "Ce changement ne s’exprime pas dans le format demandé : je ne change rien.",
}
