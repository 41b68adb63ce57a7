"""What a person brings as a ZIP: read exactly, or refused whole."""

import io
import time
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from missions.paths import is_valid
from missions.transfer import incoming
from missions.transfer.incoming import Incoming
from missions.transfer.sources import Limits
from missions.transfer.zips import ZipSource
from parallagon.core.errors import ValidationError
from tests.archives import HOSTILE, REQUEST, Packed, pack, with_zip64_end, zip_of

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
SLOW = 0.2  # seconds
_SIGNS = st.characters(codec="utf-8", exclude_categories=["Cs"])


def read(content: bytes, **limits: int) -> Incoming:
    return incoming.read(ZipSource(io.BytesIO(content), limits=limited(**limits)), now=NOW)


def limited(**changes: int) -> Limits:
    return Limits(**{**vars(Limits.of_uploads()), **changes})


def skipped(archive: bytes) -> list[str]:
    return [one.path for one in read(archive).skipped]


class TestHostileArchives:
    @pytest.mark.parametrize("archive", HOSTILE.values(), ids=HOSTILE.keys())
    def test_is_refused_with_a_sentence_and_soon(self, archive: bytes) -> None:
        seconds = []
        for _try in range(5):
            started = time.thread_time()
            with pytest.raises(ValidationError) as refused:
                read(archive)
            seconds.append(time.thread_time() - started)
            if seconds[-1] < SLOW:
                break

        assert refused.value.message.endswith((".", "!"))
        assert refused.value.message.isprintable()
        assert min(seconds) < SLOW

    def test_there_are_many(self) -> None:
        assert len(HOSTILE) >= 80

    @given(at=st.integers(0, 10_000), bits=st.integers(1, 255))
    def test_a_changed_byte_never_changes_a_text(self, at: int, bits: int) -> None:
        texts = {"demande.md": "Write a guide.\n", "a/b.md": "# Title\n" * 20}
        archive = bytearray(zip_of(dict(texts)))
        archive[at % len(archive)] ^= bits

        try:
            found = read(bytes(archive)).texts
        except ValidationError:
            return
        assert set(found.values()) <= set(texts.values())

    @given(st.binary(max_size=300))
    def test_any_bytes_are_an_archive_or_a_sentence(self, junk: bytes) -> None:
        with pytest.raises(ValidationError):
            read(junk)

    def test_what_is_too_large_together_is_refused(self) -> None:
        archive = zip_of({f"{number}.md": f"{number}" * 900 for number in range(9)})

        with pytest.raises(ValidationError, match="too much"):
            read(archive, archive=2000)

    def test_pictures_count_when_they_are_unpacked(self) -> None:
        archive = zip_of({"demande.md": "x", "a.png": "x" * 5000})

        with pytest.raises(ValidationError, match="too much"):
            read(archive, unpacked=4000)


class TestHonestArchives:
    def test_texts_are_as_they_were(self) -> None:
        files = {"demande.md": "\ufeffA\r\nB\rC\n", "a/é.md": "x", "b.txt": ""}

        assert read(zip_of(dict(files))).texts == files

    def test_a_single_folder_around_everything_is_taken_off(self) -> None:
        found = read(zip_of({"guide/demande.md": "A\n", "guide/a/b.md": "B\n", "guide/x.png": "P"}))

        assert set(found.texts) == {"demande.md", "a/b.md"}
        assert [one.path for one in found.skipped] == ["x.png"]

    def test_what_a_system_hides_beside_the_folder_does_not_keep_it_on(self) -> None:
        archive = zip_of({"guide/demande.md": "A\n", "__MACOSX/guide/._demande.md": "?"})

        assert set(read(archive).texts) == {"demande.md"}

    def test_folders_side_by_side_stay(self) -> None:
        assert set(read(zip_of({"a/b.md": "", "c/d.md": ""})).texts) == {"a/b.md", "c/d.md"}

    def test_pictures_and_hidden_files_are_left_out_and_said(self) -> None:
        names = [".DS_Store", "__MACOSX/._a.md", ".git/config", "Thumbs.db", "a.png", "LICENSE"]
        archive = zip_of({"demande.md": "A\n", **dict.fromkeys(names, b"\xff\0")})

        assert skipped(archive) == names
        assert set(read(archive).texts) == {"demande.md"}

    def test_folders_are_no_files(self) -> None:
        archive = pack([Packed(name=b"a/", content=b"", mode=0o040755), REQUEST])

        assert set(read(archive).texts) == {"demande.md"}
        assert skipped(archive) == []

    def test_names_in_the_other_unicode_form_become_one_form(self) -> None:
        assert set(read(zip_of({"e\u0301.md": ""})).texts) == {"é.md"}

    def test_names_that_do_not_say_they_are_utf8_are_read_as_such(self) -> None:
        archive = pack([Packed(name="été.md".encode(), flags=0)])

        assert set(read(archive).texts) == {"été.md"}

    def test_old_names_are_read_as_dos_wrote_them(self) -> None:
        assert set(read(pack([Packed(name=b"\x82t\x82.md", flags=0)])).texts) == {"été.md"}

    def test_a_comment_is_no_matter(self) -> None:
        assert set(read(pack([REQUEST], comment=b"made by git")).texts) == {"demande.md"}

    def test_the_end_of_large_archives_is_understood(self) -> None:
        assert set(read(with_zip64_end()).texts) == {"demande.md"}

    def test_a_text_that_is_not_well_formed_is_the_persons_own(self) -> None:
        assert read(zip_of({"a.json": "{"})).texts == {"a.json": "{"}

    @pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
    @pytest.mark.parametrize("is_stream", [False, True])
    def test_reads_what_other_programs_write(
        self, method: int, *, is_stream: bool, tmp_path: Path
    ) -> None:
        file = tmp_path / "a.zip"
        with file.open("wb") as raw:
            target: Any = _Pipe(raw) if is_stream else raw
            with zipfile.ZipFile(target, "w", method) as archive:
                archive.writestr("demande.md", "A\n" * 50)
                with archive.open("b.md", "w", force_zip64=True) as large:
                    large.write(b"B\n")

        assert read(file.read_bytes()).texts == {"demande.md": "A\n" * 50, "b.md": "B\n"}

    @given(st.dictionaries(st.text(_SIGNS, min_size=1, max_size=12), st.text(_SIGNS), max_size=4))
    def test_whatever_it_is_named_it_is_valid_skipped_or_refused(
        self, files: dict[str, str]
    ) -> None:
        try:
            found = read(zip_of({f"{name}.md": text for name, text in files.items()}))
        except ValidationError:
            return
        assert all(is_valid(path) for path in found.texts)
        assert len(found.texts) + len(found.skipped) == len(files)


class _Pipe:
    """A file that nobody can go back in."""

    def __init__(self, file: Any) -> None:
        self.write = file.write
        self.flush = file.flush
