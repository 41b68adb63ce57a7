"""Path patterns: what they match, and whether two could match one path."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roles.patterns import clashes, is_exact, matches, overlap

PATHS = st.text(alphabet="ab/", min_size=0, max_size=6)
PATTERNS = st.text(alphabet="ab/*?", min_size=0, max_size=6)


class TestMatches:
    @pytest.mark.parametrize(
        ("pattern", "path", "expected"),
        [
            ("production.md", "production.md", True),
            ("production.md", "productionXmd", False),
            ("production.md", "a/production.md", False),
            ("production/**", "production/plan.md", True),
            ("production/**", "production/a/b/plan.md", True),
            ("production/**", "production.md", False),
            ("production/*.md", "production/plan.md", True),
            ("production/*.md", "production/a/plan.md", False),
            ("**", "a/b.md", True),
            ("*", "b.md", True),
            ("*", "a/b.md", False),
            ("?.md", "a.md", True),
            ("?.md", "/.md", False),
            ("a[b]+.md", "a[b]+.md", True),
        ],
    )
    def test_says_whether(self, pattern: str, path: str, *, expected: bool) -> None:
        assert matches(pattern, path) is expected

    def test_tells_a_name_from_a_pattern(self) -> None:
        assert is_exact("production.md")
        assert not is_exact("production/**")


class TestOverlap:
    @pytest.mark.parametrize(
        ("one", "other", "expected"),
        [
            ("production.md", "production.md", True),
            ("production/**", "production/plan.md", True),
            ("production/**", "**/plan.md", True),
            ("production/**", "production.md", False),
            ("production/*", "production/*/x", False),
            ("*.md", "a.*", True),
            ("*.md", "b/*", False),
            ("a?c", "abc", True),
            ("a?c", "a/c", False),
        ],
    )
    def test_says_whether(self, one: str, other: str, *, expected: bool) -> None:
        assert overlap(one, other) is expected
        assert overlap(other, one) is expected

    @given(one=PATTERNS, other=PATTERNS, path=PATHS)
    def test_misses_no_path_that_both_match(self, one: str, other: str, path: str) -> None:
        if matches(one, path) and matches(other, path):
            assert overlap(one, other)


class TestClashes:
    def test_names_the_roles_and_their_patterns(self) -> None:
        owned = {"a": ["x.md", "notes/**"], "b": ["y.md", "notes/b.md"]}

        assert clashes(owned) == [("a", "notes/**", "b", "notes/b.md")]

    def test_lets_one_role_own_a_file_twice(self) -> None:
        assert clashes({"a": ["x/**", "x/y.md"]}) == []
