"""What of a text is shown."""

from hypothesis import given
from hypothesis import strategies as st

from parallagon.search.snippets import LONGEST, mark, snippet
from parallagon.search.words import parse, words_of


def hits(text: str, query: str) -> list[str]:
    marked = mark(text, parse(query).wanted)
    return [marked.text[begin:end] for begin, end in marked.hits]


class TestMark:
    def test_hits_are_shown_as_they_were_written(self):
        assert hits("Le Cœur de l’Élève", "coeur eleve") == ["Cœur", "Élève"]

    def test_a_phrase_is_one_hit_and_its_words_where_it_is_not_whole(self):
        assert hits("red, tulips", '"red tulips"') == ["red, tulips"]
        assert hits("tulips are red", '"red tulips"') == ["tulips", "red"]

    @given(st.text(max_size=80), st.text(max_size=20))
    def test_hits_are_in_order_apart_and_inside(self, text, query):
        marked = mark(text, parse(query).wanted)

        ends = [end for hit in marked.hits for end in hit]
        assert ends == sorted(set(ends))
        assert all(0 <= end <= len(text) for end in ends)


class TestSnippet:
    def test_the_line_with_most_of_it_is_shown(self):
        found = snippet("a tulip\n\na pot\na red tulip\n", parse("red tulip"))

        assert (found.line, found.text) == (4, "a red tulip")

    def test_what_is_not_there_shows_the_beginning_and_no_line(self):
        found = snippet("\n\nThe first words.\nMore.\n", parse("nowhere"))

        assert (found.line, found.text, found.hits) == (None, "The first words.", [])

    def test_of_a_long_line_what_stands_around_the_hit(self):
        found = snippet("x " * 5000 + "orchid" + " y" * 5000, parse("orchid"))

        [(begin, end)] = found.hits
        assert found.text[begin:end] == "orchid"
        assert len(found.text) <= LONGEST + 2
        assert found.text[0] == found.text[-1] == "…"

    def test_other_forms_of_a_word_are_marked_too(self):
        found = snippet("Some installation.\n", parse('"installations"'))

        assert [found.text[begin:end] for begin, end in found.hits] == ["installation"] or (
            found.text[found.hits[0][0] :].startswith("install")
        )

    @given(st.text(max_size=500), st.text(max_size=20))
    def test_any_text_and_query_give_a_short_piece_of_one_line(self, text, query):
        found = snippet(text, parse(query))

        assert len(found.text) <= LONGEST + 2
        assert all(0 <= begin < end <= len(found.text) for begin, end in found.hits)

    @given(st.text(alphabet="abé \n-œ日", max_size=200))
    def test_every_word_of_a_text_is_found_on_a_line_that_has_it(self, text):
        for word in words_of(text)[:5]:
            found = snippet(text, parse(f'"{word}"'))

            assert found.line is not None
            assert word in words_of(text.split("\n")[found.line - 1])
