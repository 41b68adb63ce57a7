"""French is complete, and what is compiled is what is written."""

from django.utils import translation

from agents.gateway.failures import SENTENCES
from agents.reasons import ENDINGS, in_words
from scripts import messages


class TestCatalogues:
    def test_every_word_of_the_code_has_its_french(self):
        assert messages.missing() == []

    def test_the_compiled_catalogues_are_up_to_date(self):
        for catalogue in messages.CATALOGUES:
            assert catalogue.with_suffix(".mo").read_bytes() == messages.compiled(catalogue)


class TestReasons:
    def test_every_sentence_of_engine_and_gateway_has_its_french(self):
        with translation.override("fr"):
            for sentence in (*SENTENCES.values(), *ENDINGS):
                assert in_words(sentence) != sentence

    def test_keeps_what_a_provider_said(self):
        with translation.override("fr"):
            words = in_words("the provider did not accept the key: no such key")

        assert words == "le fournisseur a refusé la clé: no such key"
