"""Claims: what says something of a text, and what bears it out."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.reading.claims import unquoted_claims

CLAIM = "R1: the section promises a delivery in two days, which the request forbids."
MARKS = [("“", "”"), ("«\u00a0", "\u00a0»"), ('"', '"')]
PLACES = [
    "{}",
    "- {}",
    "3. {}",
    "  * {}",
    "- [ ] {}",
    "# A heading\n\n{}\n\nWhat is it?",
    "| a | b |\n| - | - |\n{}",
    "```\ncode\n```\n{}",
    "> “quoted”, by R2\n\n- R2 says “quoted”.\n- {}",
    "*A note.*\n\n{}\n---\n\nR3 says “this”.",
    "R3 says “this”:\n\n- {}",
]
words = st.lists(st.sampled_from(["water", "gate", "never", "closes"]), min_size=2, max_size=6)


def claims(text: str) -> list[str]:
    return [claim.text for claim in unquoted_claims(text)]


class TestUnquotedClaims:
    @pytest.mark.parametrize("place", [place for place in PLACES if "---\n" not in place])
    def test_finds_a_claim_wherever_it_stands(self, place: str) -> None:
        assert claims(place.format(CLAIM)) == [CLAIM]

    @pytest.mark.parametrize("place", PLACES)
    @pytest.mark.parametrize("marks", MARKS)
    def test_a_quotation_bears_it_out(self, place: str, marks: tuple[str, str]) -> None:
        assert (
            claims(place.format(f"R1 promises {marks[0]}two days{marks[1]}, which is long.")) == []
        )

    @pytest.mark.parametrize(
        "claim",
        [
            "R1 lies.",
            "R1 is fine. Why not?",
            "**R1** is bad",
            "**R1 promises gold.**",
            "R1 uses the “…” badly.",
            'R2 uses the "depot" badly.',
            "R2 says `gold` twice.",
            "*Note:* R1 sings all night.",
            "No section gives the date.",
            "Nothing answers the request.",
            "R1 says: none of it.",
            "R1 promises 2 days",
            "Rien ne tient debout.",
            "La section promet 3 jours.",
            "R4 fails in two ways:",
        ],
    )
    def test_takes_for_a_claim_what_says_something(self, claim: str) -> None:
        assert claims(f"# E\n\n- {claim}\n") == [claim]

    @pytest.mark.parametrize(
        "text",
        [
            "# R1 promises gold",
            "R1 promises gold\n---",
            "**Missing sections**",
            "| R1 | promises gold |",
            "*R1 promises gold.*",
            "_R1 promises gold._",
            "- R1: *write one day.*",
            "- R1: why gold? And when?",
            "Pourquoi de l’or\u202f?",
            "<!-- R1 promises\n\ngold -->",
            "```\nR1 promises gold\n```",
            "- Requirements: 12\n- **Covered**: 10 (83 %)\n- Uncovered: R4, R5 and R6",
            "requirements: 2, covered: 1, uncovered: 1",
            "36 requirements, 35 covered, 1 uncovered.",
            "- Covered: 10/12\n- Covered: 10 out of 12\n- Gaps: 2 sections\n- Covered: R1–R5, R7",
            "R1 | promises\n--- | ---\nR2 | gold",
            "- Exigences\u00a0: 12\u00a0; couvertes\u00a0: 10\n- Sections vides\u00a0: aucune",
            "Nothing to evaluate for now.",
            "Rien à évaluer pour le moment.",
            "None.",
            "—",
            "***",
            "- R7",
            "Remarks:",
            "",
        ],
    )
    def test_takes_nothing_else_for_one(self, text: str) -> None:
        assert claims(text) == []

    def test_a_block_bears_out_what_stands_before_it(self) -> None:
        assert claims("R1 promises gold:\n\n> gold\n\nR2 forbids it.") == ["R2 forbids it."]
        assert claims("- R1 promises gold\n  > gold\n- R2 forbids it.") == ["R2 forbids it."]
        assert claims("- R1 is “x”.\n\n> gold\n\nR2 forbids it.\n\nR3 too.") == ["R3 too."]
        assert claims("# R1\n\n> gold\n> and more\n\nR2 forbids it.") == []
        assert claims("# R1\n\n> gold\n\n## R2\n\nR2 forbids it.") == ["R2 forbids it."]

    def test_a_line_that_introduces_leaves_it_to_the_list(self) -> None:
        text = "R4 fails in two ways:\n\n- it says “gold”\n- it lies\n"

        assert claims(text) == ["it lies"]

    def test_an_item_leaves_it_to_the_item_below(self) -> None:
        assert claims("- **R3 — the date**\n  - is “two days”\n  - it lies\n") == ["it lies"]
        assert claims("- R1 promises gold:\n- R2 is “x”.\n") == ["R1 promises gold:"]
        assert claims("- R1 promises gold\n- R2 is “x”.\n") == ["R1 promises gold"]
        assert claims("R1 promises gold\n\n- R2 is “x”.\n") == ["R1 promises gold"]

    def test_takes_an_item_with_what_is_indented_below_it(self) -> None:
        text = "- R1 promises\n  a delivery.\n\n  It says “gold”.\n\nR2\nforbids it.\n"

        assert [(claim.lines, claim.text) for claim in unquoted_claims(text)] == [
            ((6, 7), "R2 forbids it.")
        ]

    def test_repeating_what_a_program_worked_out_claims_nothing(self) -> None:
        computed = ["problem: `production.md` line 3: a link leads nowhere: gone.md"]
        text = "- `production.md` line 3: a link leads nowhere: gone.md\n- R1 leads nowhere.\n"

        assert [claim.text for claim in unquoted_claims(text, computed)] == ["R1 leads nowhere."]

    @given(st.sampled_from(PLACES[:6]), words, st.sampled_from(MARKS), st.data())
    def test_any_words_are_a_claim_until_they_quote(
        self, place: str, said: list[str], marks: tuple[str, str], data: st.DataObject
    ) -> None:
        claim = " ".join(said)
        at = data.draw(st.integers(0, len(said)))
        quoting = " ".join([*said[:at], f"{marks[0]}two words{marks[1]}", *said[at:]])

        assert claims(place.format(claim)) == [claim]
        assert claims(place.format(quoting)) == []

    @given(st.text('«»“”"> ab.:?R1*_-#|=`<!\n\t\u00a0', max_size=200))
    def test_takes_any_text(self, text: str) -> None:
        lines = text.split("\n")
        found = unquoted_claims(text)

        taken = [line for claim in found for line in claim.lines]
        assert taken == sorted(set(taken))
        assert all(lines[line - 1].strip() for line in taken)
        assert all(claim.text == " ".join(claim.text.split()) != "" for claim in found)

    @given(st.lists(st.sampled_from(["R1 lies.", "- R2 lies.", "> gold", "# H", ""]), max_size=12))
    def test_a_heading_parts_what_stands_around_it(self, lines: list[str]) -> None:
        text = "\n".join(lines)

        assert claims(f"{text}\n\n# H\n\n{text}") == claims(text) * 2

    @pytest.mark.parametrize("piece", ["<!--", "*a ", "_a ", '"a b', "- ", "a: 1, ", "> ", "a. A"])
    def test_takes_a_time_that_grows_with_the_text_alone(self, piece: str) -> None:
        """Each would take minutes where a pattern tries every pair of places."""
        unquoted_claims(piece * (400_000 // len(piece)))
