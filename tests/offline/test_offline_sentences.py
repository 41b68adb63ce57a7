"""Reading a request: sentences as people write them, and which of them oblige."""

import pytest

from agents.gateway.offline.sentences import read_request, split_sentences


def obliging(text: str) -> list[str]:
    return [sentence.text for sentence in read_request(text).sentences if sentence.obliges]


class TestSplitSentences:
    @pytest.mark.parametrize(
        "sentences",
        [
            ["Mme Roy et M. Dupont doivent signer.", "Le reste suit."],
            ["Il faut 3.5 kg de sel.", "Et 2,5 l d’eau."],
            ["Voir art. 4, p. 12 et fig. 3.", "La suite est libre."],
            ["Dr. J. K. Mwangi must sign, e.g. on Monday.", "Mr. Low may."],
            ["The report costs approx. £5.", "It is due at 5 p.m. on 3 Sept. 2027."],
            ["« Tout doit être simple. »", "Ainsi parla le maire."],
            ["He said “it must work.”", "It does."],
            ["Les objets (pneus, gaz, etc.) sont exclus.", "Fin."],
            ["Des chaises, des tables, etc.", "Le camion suit."],
            ["Est-ce clair ?", "Oui !", "Alors… allons-y.", "Bien."],
            ["**Délai.**", "Le service doit ouvrir."],
            ["It opens at 6 h.", "It closes at 23 h."],
            ["Write to a.b@example.org or see example.org/a.html today.", "Thanks."],
        ],
    )
    def test_gives_back_each_sentence(self, sentences: list[str]) -> None:
        assert split_sentences(" ".join(sentences)) == sentences


class TestReadRequest:
    def test_joins_wrapped_lines_and_keeps_no_break_spaces(self) -> None:
        text = "Le délai\u00a0: il doit\nêtre\u202fcourt.\n"

        assert obliging(text) == ["Le délai\u00a0: il doit être\u202fcourt."]

    @pytest.mark.parametrize(
        "text",
        [
            "```\nIt must not count.\n```\n",
            "~~~~\nIt must not count.\n~~~\nIt must not either.\n~~~~\n",
            "<!-- It must\n\nnot count. -->",
            "---\ntitle: it must not count\n---\n",
            "# What must be done\n",
            "See https://must.example/doit?x=shall or www.must.example, or must@example.org.",
            "Read [the page](pages/must.md).",
            "What the team must do\n=====================\n",
        ],
    )
    def test_leaves_out_what_is_no_prose(self, text: str) -> None:
        assert obliging(text) == []

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ("> It must count.\n> Perhaps.\n", "It must count."),
            ("1) It must count.\n", "It must count."),
            ("- [ ] It must count\n", "It must count"),
            ("   * It must\n     count\n", "It must count"),
            ("| a | It must count. |\n|---|---|\n", "It must count."),
            ("It must count.\n---\n", "It must count."),
            ("IT MUST COUNT", "IT MUST COUNT"),
            ("Nous devrons compter.", "Nous devrons compter."),
            ("M. Roy doit compter.", "M. Roy doit compter."),
            ("\ufeffIl faut compter.\r\nFin.", "Il faut compter."),
        ],
    )
    def test_finds_prose_wherever_it_stands(self, text: str, sentence: str) -> None:
        assert obliging(text) == [sentence]

    def test_gives_the_items_of_a_list_to_the_sentence_that_leads_them(self) -> None:
        text = "The team must:\n\n- sing;\n- dance, and it must be good;\n- eat.\n\nThen rest.\n"

        lead, own, rest = read_request(text).sentences

        assert (lead.text, lead.parts) == ("The team must:", ("sing;", "eat."))
        assert own.text == "dance, and it must be good;"
        assert rest.text == "Then rest."

    def test_counts_a_repeated_sentence_once(self) -> None:
        assert len(obliging("It must be.\n\nIt  must be.\n\n- It must be.\n")) == 1

    def test_places_each_sentence_under_its_headings(self) -> None:
        request = read_request("# T\n\n## A\n\n### B\n\nIt must be.\n\n## C\n\nIt must go.\n")

        paths = [[heading.text for heading in s.headings] for s in request.sentences]
        assert request.title == "T"
        assert paths == [["A", "B"], ["C"]]

    def test_tells_advice_from_command(self) -> None:
        text = "It should be. It must be. It should go and must stay. Il devrait venir."

        advice = [sentence.is_advice for sentence in read_request(text).sentences]
        assert advice == [True, False, False, True]

    def test_cuts_a_sentence_that_no_line_can_carry(self) -> None:
        (sentence,) = obliging("It must be " + "very " * 5000)

        assert len(sentence) <= 4000
        assert sentence.endswith(" […]")
