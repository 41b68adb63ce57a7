"""A clone is prepared, or refused with a sentence that says what to do."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.fixture
def prepare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module, for an empty clone, with its installers taken down."""
    spec = importlib.util.spec_from_file_location("prepare", ROOT / "scripts/prepare.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    spec.loader.exec_module(module)
    requirements = tmp_path / "requirements"
    requirements.mkdir()
    for name in ("bootstrap", "base", "dev"):
        (requirements / f"{name}.txt").write_text(name)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "REQUIREMENTS", requirements)
    monkeypatch.setattr(module, "PACKAGES_STAMP", tmp_path / "stamp.json")
    monkeypatch.setattr(module, "PYTHON", Path(sys.executable))
    return module


class Installer:
    """Stands for pip and uv; remembers what it was asked to install."""

    def __init__(self) -> None:
        self.locks: list[str] = []

    def __call__(self, command: list[str], *_: object) -> None:
        if "sync" in command:
            self.locks.append(Path(command[-1]).name)


@pytest.fixture
def installer(prepare: ModuleType, monkeypatch: pytest.MonkeyPatch) -> Installer:
    installer = Installer()
    monkeypatch.setattr(prepare, "run", installer)
    return installer


class TestPackages:
    def test_are_installed_once(self, prepare: ModuleType, installer: Installer) -> None:
        prepare.install_packages("run")
        prepare.install_packages("run")

        assert installer.locks == ["base.txt"]

    def test_of_the_tests_are_added_and_then_kept(
        self, prepare: ModuleType, installer: Installer
    ) -> None:
        for purpose in ("run", "test", "run", "test"):
            prepare.install_packages(purpose)

        assert installer.locks == ["base.txt", "dev.txt"]

    def test_are_installed_again_after_the_lock_changed(
        self, prepare: ModuleType, installer: Installer, tmp_path: Path
    ) -> None:
        prepare.install_packages("run")
        (tmp_path / "requirements" / "base.txt").write_text("newer")

        prepare.install_packages("run")

        assert installer.locks == ["base.txt", "base.txt"]

    def test_are_installed_again_in_a_clone_that_was_moved(
        self, prepare: ModuleType, installer: Installer, tmp_path: Path
    ) -> None:
        prepare.install_packages("run")
        stamp = tmp_path / "stamp.json"
        stamp.write_text(stamp.read_text().replace(str(tmp_path), "/where/it/was"))

        prepare.install_packages("run")

        assert installer.locks == ["base.txt", "base.txt"]


class TestPage:
    def test_has_small_copies_of_its_files(
        self, prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        built = tmp_path / "assets" / "page-12345678.js"
        built.parent.mkdir()
        built.write_text("let same = 1;\n" * 500)
        monkeypatch.setattr(prepare, "BUILT", tmp_path)

        prepare.compress_page()

        for copy in (Path(f"{built}.br"), Path(f"{built}.gz")):
            assert copy.stat().st_size < built.stat().st_size / 10

    def test_is_not_compressed_twice(
        self, prepare: ModuleType, tmp_path: Path, monkeypatch: Any
    ) -> None:
        (tmp_path / "page.js.gz").touch()
        monkeypatch.setattr(prepare, "BUILT", tmp_path)
        commands: list[list[str]] = []
        monkeypatch.setattr(prepare, "run", lambda command, *_: commands.append(command))

        prepare.compress_page()

        assert commands == []


class TestNode:
    def shim(self, folder: Path, version: str) -> None:
        for name in ("node", "npm"):
            file = folder / name
            file.write_text(f"#!/bin/sh\necho {version}\n")
            file.chmod(0o755)

    @pytest.mark.parametrize("version", ["v18.20.4", "v20.18.3", "nonsense"])
    def test_that_is_too_old_is_refused(
        self, prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
    ) -> None:
        self.shim(tmp_path, version)
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(prepare.Refusal, match=r"too old.*install Node 20\.19 or newer"):
            prepare.require_node()

    def test_that_is_missing_is_named(
        self, prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PATH", str(tmp_path))

        with pytest.raises(prepare.Refusal, match="needs Node and npm"):
            prepare.require_node()

    def test_that_is_new_enough_passes(
        self, prepare: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.shim(tmp_path, "v22.3.0")
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin")

        prepare.require_node()


class TestFolder:
    def test_that_is_read_only_is_refused(
        self, prepare: ModuleType, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "access", lambda *_: False)

        with pytest.raises(prepare.Refusal, match="read-only: make it writable"):
            prepare.main("run")


class TestInstallers:
    def test_that_fail_say_what_they_said(self, prepare: ModuleType) -> None:
        command = [sys.executable, "-c", "print('no such package'); raise SystemExit(1)"]

        with pytest.raises(prepare.Refusal, match=r"(?s)Could not install it; .*no such package"):
            prepare.run(command, "install it")


class TestFindPython:
    def test_passes_over_a_shim_that_fails(self, tmp_path: Path) -> None:
        shims = {"python3.12": "exit 127", "python3.11": f'exec {sys.executable} "$@"'}
        for name, body in shims.items():
            (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
            (tmp_path / name).chmod(0o755)

        found = subprocess.run(
            ["/bin/sh", str(ROOT / "scripts/find-python")],
            cwd=tmp_path,
            env={"PATH": str(tmp_path), "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
        )

        assert found.stdout.strip() == str(tmp_path / "python3.11")
