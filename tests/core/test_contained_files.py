"""Files below a folder that nobody trusts."""

import ctypes
import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from parallagon.core import kernel
from parallagon.core.errors import FileOperationError, ResourceNotFoundError, ValidationError
from parallagon.core.files import (
    StillWritten,
    read_contained,
    remove_contained,
    replace_contained,
    swap_contained,
)

LIMIT = 1000


class TestRead:
    def test_reads_a_plain_file(self, tmp_path: Path):
        (tmp_path / "a").mkdir()
        (tmp_path / "a/b.md").write_bytes(b"text")

        assert read_contained(tmp_path, "a/b.md", limit=LIMIT) == b"text"

    def test_says_what_is_missing(self, tmp_path: Path):
        for path in ("b.md", "a/b.md"):
            with pytest.raises(ResourceNotFoundError):
                read_contained(tmp_path, path, limit=LIMIT)

    def test_refuses_more_than_the_limit(self, tmp_path: Path):
        (tmp_path / "b.md").write_bytes(b"x" * (LIMIT + 1))

        with pytest.raises(ValidationError):
            read_contained(tmp_path, "b.md", limit=LIMIT)

    @pytest.mark.parametrize("kind", ["link", "folder link", "hard link", "fifo", "folder"])
    def test_refuses_what_is_not_a_plain_file_of_its_own(self, tmp_path: Path, kind: str):
        outside = tmp_path / "outside"
        outside.mkdir()
        (outside / "b.md").write_text("secret")
        root = tmp_path / "root"
        root.mkdir()
        path = "b.md"
        if kind == "link":
            (root / "b.md").symlink_to(outside / "b.md")
        elif kind == "folder link":
            (root / "a").symlink_to(outside)
            path = "a/b.md"
        elif kind == "hard link":
            (root / "b.md").hardlink_to(outside / "b.md")
        elif kind == "fifo":
            os.mkfifo(root / "b.md")
        else:
            (root / "b.md").mkdir()

        with pytest.raises(FileOperationError):
            read_contained(root, path, limit=LIMIT)


class TestReplace:
    def test_makes_folders_and_leaves_nothing_beside_the_file(self, tmp_path: Path):
        replace_contained(tmp_path, "a/b/c.md", b"one")
        replace_contained(tmp_path, "a/b/c.md", b"two")

        assert (tmp_path / "a/b/c.md").read_bytes() == b"two"
        assert [entry.name for entry in (tmp_path / "a/b").iterdir()] == ["c.md"]

    def test_replaces_a_link_and_not_what_it_points_to(self, tmp_path: Path):
        (tmp_path / "target").write_text("safe")
        (tmp_path / "b.md").symlink_to(tmp_path / "target")

        replace_contained(tmp_path, "b.md", b"new")

        assert (tmp_path / "target").read_text() == "safe"
        assert not (tmp_path / "b.md").is_symlink()

    def test_does_not_write_through_a_folder_that_is_a_link(self, tmp_path: Path):
        outside = tmp_path / "outside"
        outside.mkdir()
        root = tmp_path / "root"
        root.mkdir()
        (root / "a").symlink_to(outside)

        with pytest.raises(FileOperationError):
            replace_contained(root, "a/b.md", b"new")

        assert list(outside.iterdir()) == []


class TestRemove:
    def test_removes_and_forgives_what_is_gone(self, tmp_path: Path):
        (tmp_path / "b.md").write_text("x")

        remove_contained(tmp_path, "b.md")
        remove_contained(tmp_path, "b.md")
        remove_contained(tmp_path, "a/b.md")

        assert list(tmp_path.iterdir()) == []


class TestSwap:
    def test_keeps_what_lay_there(self, tmp_path: Path):
        (tmp_path / "b.md").write_bytes(b"old")

        assert swap_contained(tmp_path, "b.md", b"new", keep=".b.kept")

        assert (tmp_path / "b.md").read_bytes() == b"new"
        assert (tmp_path / ".b.kept").read_bytes() == b"old"

    def test_keeps_nothing_where_nothing_was(self, tmp_path: Path):
        assert not swap_contained(tmp_path, "a/b.md", b"new", keep=".b.kept")

        assert [entry.name for entry in (tmp_path / "a").iterdir()] == ["b.md"]

    def test_keeps_what_came_in_the_last_instant(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        exchange = kernel.exchange

        def save_after(folder: int, one: str, other: str) -> None:
            try:
                exchange(folder, one, other)
            except FileNotFoundError:
                (tmp_path / "b.md").write_bytes(b"theirs")
                raise

        monkeypatch.setattr(kernel, "exchange", save_after)

        assert swap_contained(tmp_path, "b.md", b"new", keep=".b.kept")

        assert (tmp_path / ".b.kept").read_bytes() == b"theirs"

    @pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL, errno.EPERM])
    def test_replaces_where_the_system_cannot_swap(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
    ):
        (tmp_path / "b.md").write_bytes(b"old")

        def refuse(*_arguments: object) -> int:
            ctypes.set_errno(number)
            return -1

        monkeypatch.setattr(kernel, "_libc", SimpleNamespace(renameat2=refuse))

        assert not swap_contained(tmp_path, "b.md", b"new", keep=".b.kept")

        assert [entry.name for entry in tmp_path.iterdir()] == ["b.md"]
        assert (tmp_path / "b.md").read_bytes() == b"new"

    def test_replaces_where_the_library_cannot_swap(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(kernel, "_libc", SimpleNamespace())

        assert not swap_contained(tmp_path, "b.md", b"new", keep=".b.kept")

        assert (tmp_path / "b.md").read_bytes() == b"new"

    def test_leaves_nothing_when_it_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        (tmp_path / "b.md").write_bytes(b"old")

        def fail(*_arguments: object) -> None:
            raise OSError(errno.EIO, "the disk is broken")

        monkeypatch.setattr(kernel, "exchange", fail)

        with pytest.raises(FileOperationError):
            swap_contained(tmp_path, "b.md", b"new", keep=".b.kept")

        assert [entry.name for entry in tmp_path.iterdir()] == ["b.md"]
        assert (tmp_path / "b.md").read_bytes() == b"old"


class TestWriters:
    def test_are_waited_for(self, tmp_path: Path):
        path = tmp_path / "b.md"
        path.write_bytes(b"old")

        with path.open("r+b") as file:
            with pytest.raises(StillWritten):
                read_contained(tmp_path, "b.md", limit=LIMIT, patience=0)
            assert read_contained(tmp_path, "b.md", limit=LIMIT) == b"old"
            file.write(b"new")

        assert read_contained(tmp_path, "b.md", limit=LIMIT, patience=0) == b"new"

    def test_are_not_who_only_reads(self, tmp_path: Path):
        path = tmp_path / "b.md"
        path.write_bytes(b"text")

        with path.open("rb"):
            assert read_contained(tmp_path, "b.md", limit=LIMIT, patience=0) == b"text"

    def test_are_not_asked_for_where_leases_are_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        (tmp_path / "b.md").write_bytes(b"text")

        def refuse(*_arguments: object) -> None:
            raise OSError(errno.EACCES, "not yours")

        monkeypatch.setattr("fcntl.fcntl", refuse)

        assert read_contained(tmp_path, "b.md", limit=LIMIT, patience=0) == b"text"
