"""Counting what is covered."""

from agents.gateway.offline.coverage import compare, requirement_numbers

SPECIFICATIONS = "- **R1** — a\n* R2: b\n### R3 — c\n| R4 | d |\n\nSee R9 and R10.\n```\nR11\n```\n"


class TestCoverage:
    def test_reads_requirements_at_the_start_of_their_line(self) -> None:
        assert requirement_numbers(SPECIFICATIONS) == {1, 2, 3, 4}

    def test_tells_covered_missing_empty_and_orphan(self) -> None:
        production = "# P\n\n## R1 — a\n\nText.\n\n## R2\n\n\n## R7 — gone\n\nOld.\n\n## Notes\nx\n"

        coverage = compare(SPECIFICATIONS, production)

        assert coverage.covered == (1,)
        assert coverage.missing == (3, 4)
        assert coverage.empty == (2,)
        assert coverage.orphans == (7,)
        assert (coverage.total, coverage.uncovered) == (4, 3)

    def test_counts_subheadings_as_part_of_a_section_and_headings_in_code_as_none(self) -> None:
        production = "## R1\n\n### How\n\n```\n## R2\n```\n\n# End\n\n## R3\n"

        coverage = compare(SPECIFICATIONS, production)

        assert coverage.covered == (1,)
        assert coverage.empty == (3,)

    def test_of_two_sections_with_one_number_the_fuller_counts(self) -> None:
        assert compare("- **R1** — a\n", "## R1\n\n## R1 again\n\nText.\n").covered == (1,)
