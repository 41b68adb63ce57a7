"""What is read in one sentence: a title, values, cases, vague words."""

import pytest

from agents.gateway.offline.analysis import cases, forbids, vague_words
from agents.gateway.offline.families import FAMILIES, family
from agents.gateway.offline.phrases import voice
from agents.gateway.offline.sentences import read_request
from agents.gateway.offline.titles import title_for, title_of
from agents.gateway.offline.values import lacks, values

NB = "\u00a0"


class TestTitleOf:
    @pytest.mark.parametrize(
        ("sentence", "title"),
        [
            ("The service must send a reminder.", "Send a reminder"),
            ("Backups must be kept for ten years.", "Backups kept for ten years"),
            ("A crew should be able to close a visit.", "Crew: close a visit"),
            ("Residents must not be asked to pay.", "Residents not asked to pay"),
            ("Photos must never show a person.", "Photos: never show a person"),
            ("If it rains, the gate must stay shut at night.", "Gate: stay shut at night"),
            ("Must it be blue?", "Must it be blue"),
            ("L’habitant doit pouvoir annuler.", f"Habitant{NB}: annuler"),
            ("Les noms ne doivent jamais être publiés en ligne.", "Noms jamais publiés en ligne"),
            ("Il ne faut rien facturer aux foyers.", "Ne rien facturer aux foyers"),
            ("Il faut prévoir une formation.", "Prévoir une formation"),
            ("Le **site** doit être en `ligne` | vite.", "Site en ligne / vite"),
            ("must", "Must"),
            (
                "Should we lose the server, the list must be back within a day.",
                "List back within a day",
            ),
            ("Should you need help (keys, maps), call the office.", "Call the office"),
            ("Nobody must ever see the loans.", "Nobody must ever see the loans"),
            ("Seul le bureau doit voir les noms.", "Seul le bureau doit voir les noms"),
            ("It is a must for us to stay open late.", "It is a must for us to stay open late"),
            (
                "Volunteers must be trained on 3 February and must sign.",
                "Volunteers trained on 3 February",
            ),
            (
                "Members must bring cups and plates which must be clean.",
                "Members: bring cups and plates",
            ),
            (
                "See https://example.org/must, the list must be read before noon.",
                "List read before noon",
            ),
            ("See https://must.example/x, please.", "See https://must.example/x, please"),
            (
                "Il faut que le dépôt prenne les meubles le samedi.",
                f"Dépôt{NB}: prendre les meubles le samedi",
            ),
            ("Il faut que la porte soit fermée chaque soir.", "Porte fermée chaque soir"),
            ("Il faut qu’on puisse rendre un livre.", "Rendre un livre"),
            ("Il faut qu’il y ait un banc à l’entrée.", "Un banc à l’entrée"),
            (
                "Il faut que le dépôt n’attende pas la nuit.",
                f"Dépôt{NB}: ne pas attendre la nuit",
            ),
            ("Il faut que la barrière grince à midi.", "Il faut que la barrière grince à midi"),
            (
                "Il faut que les gens qui viennent paient.",
                "Il faut que les gens qui viennent paient",
            ),
        ],
    )
    def test_says_who_and_what(self, sentence: str, title: str) -> None:
        assert title_of(sentence) == title

    def test_is_not_cut_inside_a_bracket(self) -> None:
        objects = "accepter les objets du quartier encore en bon état"

        title = title_of(f"Le dépôt doit {objects} (p. ex. meuble, lampe, vélo, livre).")

        assert title == f"Dépôt{NB}: {objects}"

    @pytest.mark.parametrize(
        ("row", "titles"),
        [
            ("| Saw | must be lent with a guard |", ["Saw: lent with a guard"]),
            ("| **Vélo** | doit être prêté avec un casque |", [f"Vélo{NB}: prêté avec un casque"]),
            ("| North | The hall must be kept very warm | x |", ["Hall kept very warm"]),
            ("| The hall must be kept very warm | x |", ["Hall kept very warm"]),
            ("| 3 | must be lent with a guard |", ["Lent with a guard"]),
        ],
    )
    def test_takes_the_subject_from_the_table_s_row(self, row: str, titles: list[str]) -> None:
        sentences = [s for s in read_request(f"{row}\n| --- | --- |\n").sentences if s.obliges]

        assert [title_for(sentence) for sentence in sentences] == titles

    def test_takes_the_first_item_of_a_bare_lead(self) -> None:
        assert title_of("The team must:", ("sing every day;",)) == "Sing every day"

    def test_is_short_and_ends_well(self) -> None:
        title = title_of("The service must " + "carry the very long and winding name of it " * 5)

        assert len(title) <= 77
        assert not title.rstrip("…").endswith((" of", " the", " and"))


class TestValues:
    @pytest.mark.parametrize(
        ("sentence", "found"),
        [
            (
                "within 15 working days, by slots of two hours",
                ("within 15 working days", "two hours"),
            ),
            ("from 8:30 am to 5 p.m., for £18", ("8:30 am", "5 p.m.", "£18")),
            ("99.5% of the time, by 1 June 2027", ("99.5%", "by 1 June 2027")),
            ("en moins de trois minutes", ("moins de trois minutes",)),
            (f"de 8{NB}h{NB}30 à 17{NB}h, 18{NB}€", (f"8{NB}h{NB}30", f"17{NB}h", f"18{NB}€")),
            ("le 1er mars 2027, sous 20 jours", ("1er mars 2027", "sous 20 jours")),
            ("54\u202f000 habitants au plus", ("54\u202f000 habitants au plus",)),
            ("Children under 16 mustn't ride.", ("under 16",)),
            ("Three of the 20 can’t; 12 must; les 30 doivent", ()),
            ("level 2.2 of R134a, version B12", ()),
        ],
    )
    def test_are_read_with_their_bounds(self, sentence: str, found: tuple[str, ...]) -> None:
        assert values(sentence) == found

    def test_are_missed_in_a_section_that_does_not_repeat_them(self) -> None:
        sentence = "It must answer within 3 days, before 6:00 am."

        assert lacks("We answer in 3 days at the latest.", sentence) == ("before 6:00 am",)


class TestReadings:
    def test_cases(self) -> None:
        assert cases("En cas de panne, le service doit suivre.") == ("En cas de panne",)
        assert cases("It must stop once in less than a minute.") == ()

    def test_vague_words_stand_away_from_a_figure(self) -> None:
        assert vague_words("It must be quick, in 2 seconds, and easy.") == ("quick", "easy")
        assert vague_words("It must be quick within 2 seconds.") == ()

    def test_bans(self) -> None:
        assert forbids("It must not open.")
        assert forbids("Il ne doit pas ouvrir.")
        assert not forbids("Il doit ouvrir.")

    @pytest.mark.parametrize(
        ("sentence", "kind"),
        [
            ("Le service doit envoyer un courriel.", "message"),
            ("Each login must be encrypted.", "privacy"),
            ("Le budget doit tenir.", "money"),
            ("Crews must be trained.", "people"),
            ("The gate must open.", "feature"),
        ],
    )
    def test_families(self, sentence: str, kind: str) -> None:
        assert family(sentence) == kind


class TestVoices:
    def test_say_the_same_things(self) -> None:
        french, english = voice("fr"), voice("en")

        for name in ("phrases", "words", "roles", "states", "outcomes", "replies"):
            assert getattr(french, name).keys() == getattr(english, name).keys()
        assert french.approaches.keys() == english.checks.keys() == FAMILIES.keys()

    def test_french_is_typeset(self) -> None:
        spoken = voice("fr")
        texts = [*spoken.phrases.values(), *spoken.outcomes.values(), *spoken.replies.values()]

        for text in [
            *texts,
            *sum(spoken.approaches.values(), ()),
            *sum(spoken.checks.values(), ()),
        ]:
            assert not any(bad in text for bad in (" :", " ;", " !", " ?", "« ", " »", "'"))
