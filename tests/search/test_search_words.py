"""What a query means."""

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from parallagon.search.words import LONGEST_WORD, MOST_TERMS, Term, fold, parse, pattern, words_of


class TestFold:
    def test_case_accents_and_ligatures_do_not_matter(self):
        assert fold("Élève, CŒUR, Straße, ﬁn") == "eleve, coeur, strasse, fin"

    def test_a_letter_and_its_mark_are_one(self):
        assert fold(unicodedata.normalize("NFD", "été")) == fold("été") == "ete"

    @given(st.text())
    def test_lines_stay_lines(self, text):
        assert fold(text).count("\n") == text.count("\n")

    @given(st.text())
    def test_folding_again_changes_nothing(self, text):
        assert words_of(" ".join(words_of(text))) == words_of(text)


class TestParse:
    def test_words_must_all_be_there_and_the_last_may_go_on(self):
        assert parse("Red tulips").wanted == (Term(("red",)), Term(("tulips",), is_prefix=True))

    def test_words_in_quotes_follow_one_another(self):
        assert parse('"red tulips"').wanted == (Term(("red", "tulips")),)

    def test_a_quote_that_is_not_closed_goes_to_the_end(self):
        assert parse('a "red tulips').wanted == (Term(("a",)), Term(("red", "tulips")))

    def test_a_word_after_a_minus_must_not_be_there(self):
        query = parse('red -tulips -"in pots"')

        assert query.wanted == (Term(("red",)),)
        assert query.unwanted == (Term(("tulips",)), Term(("in", "pots")))

    def test_what_was_followed_by_a_space_is_whole(self):
        assert parse("tulips ").wanted == (Term(("tulips",)),)

    def test_one_letter_is_no_beginning(self):
        assert parse("t").wanted == (Term(("t",)),)

    def test_a_path_is_a_phrase(self):
        path = Term(("production", "plan", "a", "md"), is_prefix=True)

        assert parse("production/plan_a.md").wanted == (path,)

    def test_signs_of_scripts_without_spaces_are_words(self):
        assert parse("日本 ").wanted == (Term(("日", "本")),)

    def test_signs_alone_ask_for_nothing(self):
        assert parse('* ( ) "" - -- :^ 🌱 ䷀ ・ \0').wanted == ()

    @given(st.text(max_size=3000))
    def test_whatever_is_typed_is_a_short_query_of_letters_and_digits(self, text):
        query = parse(text)

        terms = (*query.wanted, *query.unwanted)
        assert len(terms) <= 2 * MOST_TERMS
        for word in (word for term in terms for word in term.words):
            assert 0 < len(word) <= LONGEST_WORD
            assert word.isalnum()


class TestPattern:
    @given(st.text(min_size=1, max_size=60))
    def test_a_text_is_found_by_each_of_its_words(self, text):
        for word in words_of(text):
            assert pattern(Term((word,))).search(fold(text))

    def test_it_finds_whole_words(self):
        assert not pattern(Term(("red",))).search("hundred reds")
        assert pattern(Term(("red",), is_prefix=True)).search("reds")
