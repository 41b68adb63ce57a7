import time
import unicodedata
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

import pytest
from django.test import override_settings
from hypothesis import given
from hypothesis import strategies as st

from agents.roles import patterns as role_patterns
from missions.models import Mission
from missions.paths import clash, is_valid, matches, path_key, validate_path
from missions.storage import FileManager
from parallagon.core.errors import ValidationError
from tests.missions.hostile_paths import HOSTILE

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


# What may stand in a path, and what looks like it.
PIECES = st.sampled_from(
    [
        *"aAbé日İßſK09 ._-()/",
        "..",
        "/..",
        ".md",
        "ſ",
        "ﬁ",
        "\u0301",
        "\u0307",
        "\u202e",
        "\u200b",
        "／",
    ]
)
PATHS = (
    st.text(max_size=60)
    | st.from_regex(r"([\w ./()-]{1,12}/){0,9}[\w .-]{1,20}\.md")
    | st.lists(PIECES, max_size=12).map("".join).map(lambda path: f"{path}.md")
)


def accepted(path: str) -> str | None:
    try:
        return validate_path(path)
    except ValidationError:
        return None


class TestValidatePath:
    @pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
    def test_refuses_with_a_sentence(self, path: str) -> None:
        with pytest.raises(ValidationError) as refusal:
            validate_path(path)

        assert str(refusal.value).endswith(".")
        assert str(refusal.value).isprintable()
        assert len(str(refusal.value)) < 1200

    def test_refuses_enough_of_them(self) -> None:
        assert len(HOSTILE) >= 100

    @pytest.mark.parametrize("path", HOSTILE, ids=range(len(HOSTILE)))
    def test_refuses_at_once(self, path: str) -> None:
        def seconds() -> float:
            started = time.thread_time()
            accepted(path)
            return time.thread_time() - started

        assert min(seconds() for _ in range(3)) < 0.05

    @pytest.mark.parametrize("path", GOOD)
    def test_accepts(self, path: str) -> None:
        assert validate_path(path) == path

    def test_returns_the_composed_form(self) -> None:
        assert validate_path(unicodedata.normalize("NFD", "été.md")) == "été.md"

    def test_counts_bytes_of_the_composed_form(self) -> None:
        decomposed = unicodedata.normalize("NFD", "é" * 98 + ".md")

        assert len(decomposed.encode()) > 200
        assert len(validate_path(decomposed).encode()) == 199

    @given(PATHS)
    def test_whatever_is_accepted_stays_inside_and_round_trips(self, path: str) -> None:
        if (kept := accepted(path)) is None:
            return

        root = Path("/data/missions/1")
        assert (root / kept).is_relative_to(root)
        assert ".." not in PurePosixPath(kept).parts
        assert str(PurePosixPath(kept)) == kept
        assert validate_path(kept) == kept
        assert validate_path(unicodedata.normalize("NFD", kept)) == kept
        assert unicodedata.is_normalized("NFC", kept)
        assert kept.isprintable()
        assert not any(part.startswith(".") for part in kept.split("/"))

    @given(PATHS)
    def test_whatever_is_accepted_is_a_file_of_the_folder(self, path: str) -> None:
        if (kept := accepted(path)) is None:
            return

        with TemporaryDirectory() as outer:
            root = Path(outer).resolve() / "mission"
            root.mkdir()
            folder = FileManager(Mission(folder=str(root)))
            with override_settings(PARALLAGON_EXTERNAL_ROOTS=[outer]):
                folder.write(kept, b"text")

                assert folder.read(kept) == b"text"
                assert folder.scan() == [kept]
            assert (root / kept).resolve().is_relative_to(root)
            assert [entry.name for entry in root.parent.iterdir()] == ["mission"]

    def test_is_valid_only_as_it_is_kept(self) -> None:
        assert is_valid("été.md")
        assert not is_valid(unicodedata.normalize("NFD", "été.md"))


class TestPathKey:
    @given(PATHS)
    def test_fits_its_column_and_is_its_own_key(self, path: str) -> None:
        if (kept := accepted(path)) is None:
            return

        key = path_key(kept)
        assert len(key) <= 400
        assert path_key(key) == key

    @pytest.mark.parametrize("letter", ["ΐ", "ﬃ", "İ", "ß", "ŉ"])
    def test_fits_its_column_however_the_letters_grow(self, letter: str) -> None:
        count = 190 // len(letter.encode())

        assert len(path_key(validate_path(f"{letter * count}.md"))) <= 400

    @given(PATHS)
    def test_forms_of_one_name_share_it(self, path: str) -> None:
        if (kept := accepted(path)) is None:
            return

        for form in ("NFC", "NFD"):
            assert path_key(unicodedata.normalize(form, kept)) == path_key(kept)
        assert path_key(kept.casefold()) == path_key(kept)


class TestClash:
    @pytest.mark.parametrize(
        ("path", "other"),
        [
            ("A.md", "a.md"),
            ("Notes/b.md", "notes/a.md"),
            ("STRASSE.md", "straße.md"),
            ("ſ.md", "S.md"),
            ("ﬁn.md", "FIN.md"),
            ("ΣΑΣ.md", "σας.md"),
            ("a/b/C.md", "a/b/c.md"),
            ("a.MD", "a.md"),
        ],
    )
    def test_finds_names_that_differ_by_case(self, path: str, other: str) -> None:
        assert clash(path, ["x.md", other])

    def test_finds_another_unicode_form(self) -> None:
        other = unicodedata.normalize("NFD", "Été.md")

        assert clash("été.md", [other]) == other

    @given(PATHS, PATHS)
    def test_is_mutual(self, one: str, other: str) -> None:
        kept, rest = accepted(one), accepted(other)
        if kept is None or rest is None:
            return

        assert (clash(kept, [rest]) is None) == (clash(rest, [kept]) is None)
        assert clash(kept, [kept]) is None

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
