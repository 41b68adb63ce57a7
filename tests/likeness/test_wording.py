"""Passages that stand twice: planted ones are found, distinct ones are not."""

from itertools import combinations
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.likeness import find_repetitions, report, wording
from agents.likeness.passages import Passage

KEYS = "The crews keep their keys in the blue box beside the door of the old depot."
FRENCH = (
    "Les équipes rangent leurs clés dans la boîte bleue, près de la porte de l’ancien dépôt, "
    "et signent le registre."
)
DISTINCT = [
    KEYS,
    "Every crew returns its keys to the office manager before six in the evening.",
    "Residents may move a collection until noon on the day before it takes place.",
    "The depot stays open on Saturdays from eight until twelve, holidays excepted.",
    FRENCH,
    "Les équipes rendent les camions propres et signalent toute panne au responsable du dépôt.",
    "Chaque habitant peut déplacer un rendez-vous jusqu’à la veille à midi, sans motif à donner.",
    "La facture part le premier jour ouvré du mois, avec le détail des passages effectués.",
]


def kinds(files: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(f.kind, f.first.path, f.second.path) for f in find_repetitions(files).findings]


class TestWording:
    def test_finds_the_same_words_in_two_files(self) -> None:
        files = {"a.md": f"# A #\n\n{KEYS}\n", "b.md": f"- {KEYS.upper()}\n"}

        (found,) = find_repetitions(files).findings

        assert (found.kind, found.percent) == ("exact", 100)
        assert (found.first.path, found.first.line, found.first.heading) == ("a.md", 3, "A")
        assert (found.second.path, found.text) == ("b.md", KEYS.upper())

    @pytest.mark.parametrize(
        ("text", "near"),
        [
            (KEYS, KEYS.replace("old depot", "new depot")),
            (KEYS, KEYS.replace("The crews", "All the crews")),
            (FRENCH, FRENCH.replace("l’ancien", "l'ancien").replace("registre", "cahier")),
        ],
    )
    def test_finds_nearly_the_same_words(self, text: str, near: str) -> None:
        assert kinds({"a.md": text, "b.md": near}) == [("near", "a.md", "b.md")]

    def test_knows_no_paraphrase(self) -> None:
        """The documented limit: three quarters of the word triples must be the same."""
        paraphrase = (
            "Keys go into the blue box next to the old depot’s door, where crews keep them."
        )

        assert kinds({"a.md": KEYS, "b.md": paraphrase}) == []

    def test_asks_for_more_within_one_file(self) -> None:
        near = KEYS.replace("old depot", "new depot")

        assert kinds({"a.md": f"{KEYS}\n\n{near}\n"}) == []

    def test_finds_nothing_in_distinct_texts(self) -> None:
        assert kinds({f"{i}.md": text for i, text in enumerate(DISTINCT)}) == []

    def test_leaves_out_what_repeats_by_design(self) -> None:
        other = f"> {KEYS}\n\n# {KEYS}\n\n| {KEYS} |\n\n```\n{KEYS}\n```\n"

        assert kinds({"a.md": KEYS, "b.md": other, "c.json": f'"{KEYS}"', "d.csv": KEYS}) == []

    @given(st.lists(st.text("ab .\n#>-`|’", max_size=200), max_size=4))
    def test_takes_any_text(self, texts: list[str]) -> None:
        files = {f"{i}.md": text for i, text in enumerate(texts)}

        found = find_repetitions(files)

        assert found == find_repetitions(dict(reversed(files.items())))
        assert all(0 < one.percent <= 100 for one in found.findings)

    @given(
        st.lists(
            st.lists(st.sampled_from("abcdefg"), min_size=8, max_size=14).map(" ".join),
            max_size=8,
        )
    )
    @settings(max_examples=200)
    def test_misses_nothing_that_comparing_all_with_all_would_find(self, texts: list[str]) -> None:
        files = {f"{i}.md": text for i, text in enumerate(texts)}
        passages = [Passage(path, 1, "", text) for path, text in files.items()]

        told = {f.second.path for f in find_repetitions(files).findings}

        alike = [
            (one, other)
            for one, other in combinations(passages, 2)
            if len(one.shingles & other.shingles) >= 0.75 * len(one.shingles | other.shingles)
        ]
        first_of_a_kind = {p.path for p in passages} - told
        for one, other in alike:
            assert not {one.path, other.path} <= first_of_a_kind, (one.text, other.text)


class TestBounds:
    def test_reads_a_fair_share_of_much_and_says_so(self) -> None:
        words = Random(1)  # noqa: S311 - a text, no secret
        many = {
            f"{i:03}.md": " ".join(f"w{words.randrange(10**6)}" for _ in range(150)) * 900
            for i in range(5)
        }

        found = find_repetitions({"small.md": KEYS, "small2.md": KEYS, **many})

        assert [(f.first.path, f.second.path) for f in found.findings] == [
            ("small.md", "small2.md")
        ]
        (note,) = found.notes
        assert "characters of 5 files were compared: `000.md`, `001.md`" in note

    def test_stays_quick_where_one_sentence_has_a_thousand_variants(self) -> None:
        lines = [f"- {KEYS} Box {i}.\n\n" for i in range(1000)]

        found = find_repetitions({"a.md": lines[0], "b.md": "".join(lines[1:])})

        assert len(found.findings) == report.MOST_FINDINGS
        assert "only the first 200 of 999 repetitions are kept" in found.notes

    def test_gives_up_where_everything_is_half_alike(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(wording, "MOST_WORK", 100_000)
        chance = Random(1)  # noqa: S311 - a text, no secret
        lines = [f"- {' '.join(chance.choices('abcdef', k=12))}\n" for _ in range(900)]

        found = find_repetitions({"a.md": "".join(lines)})

        assert found.notes == ("not every passage was compared: too many are half alike",)
