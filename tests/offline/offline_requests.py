"""Requests of odd shapes, each with the number of requirements that it holds."""

PLAIN_TEXT = """\
REQUEST FOR A QUOTATION

Dear colleagues,

we run a small observatory (founded 1931) and its dome no longer turns. The new motor must turn
the dome once in less than four minutes, whatever the wind. Dr. Halloran, who
designed the old one, e.g. its gears, says that a belt should do. It must not be heard in the
library, i.e. stay under 40 dB. "Silence must prevail," as our founder put it.

  1. The work shall be done between 3 July 2027 and 30 Aug. 2027.
  2. Spare parts
     must be kept for ten years.
  3) Painting is up to us.

Regards,
J. K. Mwangi
"""

MIXED_MARKDOWN = """\
---
title: must be ignored
---
Périmètre
=======

> Le musée doit rester ouvert pendant les travaux.
> Le public entre par la rue Basse.

## Accueil **des groupes** ##

* Les groupes DEVRONT réserver.
    * Un groupe compte 8 à 30 personnes.
    * Il faut un accompagnateur pour dix enfants !
* Le vestiaire :
  doit fermer à clé ; on y laisse aussi les parapluies.

| Salle | Règle |
| --- | --- |
| Nord | La salle Nord doit rester à 19 °C. |
| Sud | pas de règle |

```text
Cette phrase doit être ignorée.
```

~~~
# Celle-ci doit l'être aussi
~~~

<!-- Un commentaire ne doit pas compter. -->

### Après

Le *livret* [doit](https://example.org/) exister… Où doit-on le trouver ? Chez M. Albert, cf. R12.
Le musée doit rester ouvert pendant les travaux.
"""

LEADS = """\
# Bibliothèque de quartier

Le lecteur doit pouvoir :

- emprunter cinq livres ;
- les rendre à toute heure ;
- emprunter cinq livres ;

## Règles

L'agent devra, selon le cas :

1. noter le retour,
2. appeler le lecteur, qui doit répondre sous 3 jours,
3. ne rien faire.

## Règles

Faut-il un badge ? It should be optional. Nous ne devons pas ficher les lecteurs.
=======
<<<<<<< SEARCH
Il faut que ce texte survive.
>>>>>>> REPLACE
"""

MANY = "\n\n".join(
    f"## Lot {lot}\n\n"
    + " ".join(f"Machine {lot}-{part} must run at {part}00 turns per minute." for part in range(40))
    for lot in range(8)
)

LONG = "The tower must be " + "very, " * 6000 + "tall. A short one must follow."

ODD_REQUESTS = {
    "plain text": (PLAIN_TEXT, 6),
    "mixed Markdown": (MIXED_MARKDOWN, 7),
    "leads, marks and repetitions": (LEADS, 7),
    "three hundred and twenty": (MANY, 320),
    "one endless sentence": (LONG, 2),
    "no obligation": ("# Hello\n\nWe would like a garden.\n", 0),
    "nothing": ("", 0),
    "one word": ("must", 1),
}
