"""The rules that find a circle: pure functions, so they get properties."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.loops import (
    DETOUR,
    TURNS,
    TURNS_IN_A_FILE,
    Circle,
    Step,
    Watches,
    find_return,
    find_turns,
    is_refused_again,
    sections_changed,
    times_too_dear,
    worth_reading,
)

FILES = {"production": (1, "production.md"), "evaluation": (2, "evaluation.md")}


def steps(script: str, **files: str) -> list[Step]:
    """Return what a script says: ``"p:A p:B e:X"``, each word an agent and its file's new text."""
    texts: dict[int, str | None] = {1: "A", 2: "X"}
    found = []
    for word in script.split():
        letter, text = word.split(":")
        role = {"p": "production", "e": "evaluation", "s": "suivi"}[letter]
        file, path = FILES.get(role, (3, "suivi.md"))
        before, texts[file] = texts.get(file), text
        found.append(Step(role=role, file=file, path=path, before=before, after=text))
    return found


def find_circle(steps: list[Step], *, watches: Watches) -> Circle | None:
    """Look for both kinds, as a finished run does."""
    if found := find_return(steps, watches=watches):
        return found
    worth = worth_reading(steps, watches=watches)
    return find_turns(worth, watches=watches) if worth else None


def each_other(role: str, path: str) -> bool:
    return role in FILES and path in {path for _file, path in FILES.values()}


def nobody(role: str, path: str) -> bool:
    return False


class TestReturns:
    def test_two_agents_that_undo_each_other_are_found_in_the_third_round(self):
        rounds = steps("p:B e:Y p:A e:X p:B")

        circle = find_circle(rounds, watches=each_other)

        assert circle is not None
        assert (circle.kind, circle.count) == ("returned", 2)
        assert circle.roles == ("evaluation", "production")
        assert circle.path == "production.md"

    @pytest.mark.parametrize("script", ["p:B", "p:B p:A", "p:B e:Y p:A e:X", "p:B p:C p:D p:E"])
    def test_one_way_back_is_none(self, script: str):
        assert find_circle(steps(script), watches=each_other) is None

    def test_an_onlooker_is_not_part_of_it(self):
        rounds = steps("p:B s:1 e:Y s:2 p:A s:1 e:X s:2 p:B")

        circle = find_circle(rounds, watches=each_other)

        assert circle is not None
        assert circle.roles == ("evaluation", "production")

    def test_whoever_does_not_see_the_other_goes_round_alone(self):
        circle = find_circle(steps("p:B e:Y p:A e:X p:B"), watches=nobody)

        assert circle is not None
        assert circle.roles == ("production",)

    def test_many_changes_that_end_where_they_began_are_no_change(self):
        circle = find_circle(steps("p:B p:C p:D p:A"), watches=each_other)

        assert circle is not None
        assert (circle.kind, circle.count) == ("no_change", DETOUR)

    @given(st.lists(st.integers(0, 3), min_size=1, max_size=12))
    def test_whoever_never_writes_a_text_twice_goes_on(self, turns: list[int]):
        script = " ".join(f"{'pe'[turn % 2]}:{index}new" for index, turn in enumerate(turns))

        assert find_circle(steps(script), watches=each_other) is None

    @given(st.lists(st.sampled_from(["p:A", "p:B"]), min_size=8, max_size=20))
    def test_whoever_has_two_texts_only_is_always_found(self, script: list[str]):
        changes = [one for one, two in zip(script, ["p:A", *script], strict=False) if one != two]
        found = [
            find_circle(steps(" ".join(changes[: end + 1])), watches=each_other)
            for end in range(len(changes))
        ]

        assert all(circle is not None for circle in found[2:])

    @given(
        st.lists(
            st.sampled_from(["p:A", "p:B", "p:C", "e:X", "e:Y", "s:1"]), min_size=1, max_size=20
        )
    )
    def test_whoever_is_named_has_written(self, script: list[str]):
        circle = find_circle(steps(" ".join(script)), watches=each_other)

        if circle is not None:
            letters = {word[0] for word in script}
            assert {role[0] for role in circle.roles} <= letters
            assert circle.count >= 2


def rewrites(roles: str, *, same_file: bool, section: str = "Architecture") -> list[Step]:
    """Return steps that rewrite one section with ever new texts."""
    found = []
    for index, letter in enumerate(roles):
        role = {"p": "production", "e": "evaluation"}[letter]
        file, path = FILES["production" if same_file else role]
        found.append(
            Step(
                role=role,
                file=file,
                path=path,
                before=f"{section} {index}",
                after=f"{section} {index + 1} {path}",
                sections=frozenset({section}),
            )
        )
    return found


class TestInTurn:
    def test_the_same_section_of_a_file(self):
        assert find_circle(rewrites("pep", same_file=True), watches=nobody) is None

        circle = find_circle(rewrites("pepe", same_file=True), watches=nobody)

        assert circle is not None
        assert (circle.kind, circle.count) == ("rewritten", TURNS_IN_A_FILE)
        assert circle.section == "Architecture"

    def test_sections_of_one_name_in_the_files_of_two(self):
        assert find_circle(rewrites("pepep", same_file=False), watches=each_other) is None

        circle = find_circle(rewrites("pepepe", same_file=False), watches=each_other)

        assert circle is not None
        assert (circle.kind, circle.count) == ("rewritten", TURNS)

    def test_what_one_does_in_a_row_is_one_turn(self):
        assert find_circle(rewrites("pppppppe", same_file=True), watches=each_other) is None

    def test_another_section_each_time_is_work(self):
        work = [
            step
            for index in range(8)
            for step in rewrites("pe", same_file=True, section=f"Part {index}")
        ]

        assert find_circle(work, watches=each_other) is None


class TestSections:
    TEXT = (
        "# Title\n\nIntro.\n\n"
        "## Architecture\n\nOne.\n\n```\n# no heading\n```\n\n"
        "## Costs #\n\nTwo.\n"
    )

    @pytest.mark.parametrize(
        ("before", "after", "sections"),
        [
            ("One.", "Another.", {"Architecture"}),
            ("# no heading", "# still none", {"Architecture"}),
            ("Two.", "2.", {"Costs"}),
            ("Intro.", "", {"Title"}),
            ("Two.\n", "Two.\n\nThree.\n", set()),
            ("## Architecture", "## Design", {"Architecture"}),
        ],
    )
    def test_names_the_heading_above_what_changed(
        self, before: str, after: str, sections: set[str]
    ):
        assert sections_changed(self.TEXT, self.TEXT.replace(before, after, 1)) == sections

    @given(st.text(alphabet="#ab`~ \n", max_size=60), st.text(alphabet="#ab`~ \n", max_size=60))
    def test_bears_any_text(self, before: str, after: str):
        sections = sections_changed(before, after)

        assert all(section in before for section in sections)
        assert not (before == after and sections)


class TestRefusals:
    @pytest.mark.parametrize(
        ("outcomes", "is_found"),
        [
            ("rejected rejected rejected", True),
            ("changed proposed proposed proposed", True),
            ("rejected rejected", False),
            ("rejected changed rejected rejected", False),
            ("failed failed failed", False),
        ],
    )
    def test_three_alike_in_a_row(self, outcomes: str, is_found: bool):
        assert is_refused_again([(word, "why") for word in outcomes.split()]) == is_found

    def test_for_another_reason_each_time_is_a_try(self):
        assert not is_refused_again([("rejected", reason) for reason in "abc"])


class TestCost:
    @given(st.lists(st.decimals("0.01", 1, places=2), min_size=5, max_size=20))
    def test_a_run_as_dear_as_the_dearest_five_is_found_above_five_times_the_average(
        self, earlier: list[Decimal]
    ):
        average = sum(earlier, Decimal(0)) / len(earlier)

        assert times_too_dear(average * 5, earlier) == 0
        assert times_too_dear(average * 6 + Decimal("0.01"), earlier) >= 5

    @pytest.mark.parametrize("cost", [None, Decimal(0), Decimal("0.009")])
    def test_what_is_unknown_free_or_tiny_is_not(self, cost: Decimal | None):
        assert times_too_dear(cost, [Decimal("0.0001")] * 9) == 0

    def test_too_few_runs_are_no_average(self):
        assert times_too_dear(Decimal(9), [Decimal("0.01")] * 4) == 0
