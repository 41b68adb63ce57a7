import unicodedata
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.roles import patterns as role_patterns
from missions.paths import clash, is_valid, matches, path_key, validate_path
from parallagon.core.errors import ValidationError

HOSTILE = [
    "",
    "/etc/passwd.md",
    "//a.md",
    "../a.md",
    "a/../b.md",
    "a/..",
    "./a.md",
    "a/./b.md",
    "a//b.md",
    "a/",
    "a.md/",
    ".a.md",
    ".git/config.txt",
    "a/.hidden.md",
    "a\\b.md",
    "C:a.md",
    "~/a.md",
    "-a.md",
    " a.md",
    "(a.md",
    "a.md ",
    "a.md.",
    "a /b.md",
    "a./b.md",
    "a\nb.md",
    "a\0b.md",
    "a\x7fb.md",
    "a\u202eb.md",
    "a\u200bb.md",
    "a\ufeffb.md",
    "a\u2028b.md",
    "a\u2215b.md",
    "\uff0fa.md",
    "a\uff0e\uff0e.md",
    "a`b`.md",
    "a$(b).md",
    "a;b.md",
    "a|b.md",
    "a*b.md",
    "a?b.md",
    'a"b.md',
    "a'b.md",
    "a<b>.md",
    "a:b.md",
    "a%2e%2e.md",
    "a",
    "a.exe",
    "a.md.exe",
    "a.",
    "Makefile",
    ".md",
    "a.md/b.md",
    "a.MD/b.md",
    "CON.md",
    "con",
    "a/nul.txt",
    "LPT1.json",
    "x" * 198 + ".md",
    "é" * 99 + ".md",
    "/".join("a" * 9) + ".md",
    "a" * 100_000,
    "\ud800.md",
    "½.md",
    "\u0301a.md",
    "emoji🙂.md",
]
GOOD = [
    "demande.md",
    "production/part 1.md",
    "production/a/b/c/d/e/f/g.md",
    "notes (old)-v1.2_b.txt",
    "_x.py",
    "1.md",
    "Été/naïveté.md",
    "日本語.md",
    "x" * 197 + ".md",
    "A.MD",
]


class TestValidatePath:
    @pytest.mark.parametrize("path", HOSTILE)
    def test_refuses_with_a_sentence(self, path: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            validate_path(path)

        assert str(refusal.value).endswith(".")
        assert str(refusal.value).isprintable()

    @pytest.mark.parametrize("path", GOOD)
    def test_accepts(self, path: str) -> None:
        assert validate_path(path) == path

    def test_returns_the_composed_form(self) -> None:
        assert validate_path(unicodedata.normalize("NFD", "été.md")) == "été.md"

    @given(st.text(max_size=60) | st.from_regex(r"([\w ./()-]{1,12}/){0,9}[\w .-]{1,20}\.md"))
    def test_whatever_is_accepted_stays_inside_and_round_trips(self, path: str) -> None:
        try:
            kept = validate_path(path)
        except ValidationError:
            return

        root = Path("/data/missions/1")
        assert (root / kept).is_relative_to(root)
        assert ".." not in PurePosixPath(kept).parts
        assert str(PurePosixPath(kept)) == kept
        assert validate_path(kept) == kept
        assert unicodedata.is_normalized("NFC", kept)
        assert len(path_key(kept)) <= 400
        assert not any(part.startswith(".") for part in kept.split("/"))

    def test_is_valid_only_as_it_is_kept(self) -> None:
        assert is_valid("été.md")
        assert not is_valid(unicodedata.normalize("NFD", "été.md"))


class TestClash:
    @pytest.mark.parametrize(
        ("path", "other"),
        [("A.md", "a.md"), ("Notes/b.md", "notes/a.md"), ("STRASSE.md", "straße.md")],
    )
    def test_finds_names_that_differ_by_case(self, path: str, other: str) -> None:
        assert clash(path, ["x.md", other])

    def test_leaves_the_same_folder_alone(self) -> None:
        assert clash("notes/b.md", ["notes/a.md", "b.md"]) is None


class TestMatches:
    @pytest.mark.parametrize(
        ("path", "pattern", "expected"),
        [
            ("production.md", "production.md", True),
            ("production/a/b.md", "production/**", True),
            ("production.md", "production/**", False),
            ("a/b.md", "*", False),
            ("b.md", "*.md", True),
            ("a/b.md", "**", True),
            ("productionXmd", "production.md", False),
            ("a.md", "?.md", True),
        ],
    )
    def test_knows_stars(self, path: str, pattern: str, expected: bool) -> None:
        assert matches(path, [pattern]) is expected

    @given(st.text("ab/.*?", max_size=8), st.text("ab/.", max_size=8))
    def test_agrees_with_the_roles(self, pattern: str, path: str) -> None:
        assert matches(path, [pattern]) == role_patterns.matches(pattern, path)
