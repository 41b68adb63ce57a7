"""Faults of the code, of the data directory, and of what pages and letters need."""

from pathlib import Path

import pytest
from django.conf import LazySettings

from parallagon.doctor import code, place, web
from tests.doctor.findings import bad, codes


class TestCode:
    def test_is_what_the_lock_names(self) -> None:
        assert bad(code.examine()) == {}

    def test_that_differs_is_named(self, tmp_path: Path) -> None:
        lock = tmp_path / "base.txt"
        lock.write_text(
            "django==1.0 \\\n    --hash=sha256:00\n    # via\nno-such-package==2.0\n"
            'only-elsewhere==1.0 ; sys_platform == "win32"\n-r other.txt\nnot a requirement !\n'
        )

        found = {one.code: one for one in code.packages(lock)}

        assert found["code.missing"].level == "problem"
        assert "no-such-package" in found["code.missing"].sentence
        assert "django" in found["code.packages"].sentence
        assert "instead of 1.0" in found["code.packages"].sentence
        assert not any("only-elsewhere" in one.sentence for one in found.values())

    def test_without_a_lock(self, tmp_path: Path) -> None:
        assert bad(code.packages(tmp_path / "none.txt")) == {"code.lock": "warning"}

    def test_runs_on_another_python(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(code, "OLDEST", (4, 0))

        assert bad(code.examine())["code.python"] == "problem"


class TestPlace:
    @pytest.fixture
    def folder(self, tmp_path: Path, settings: LazySettings) -> Path:
        settings.DATA_DIR = tmp_path
        settings.PARALLAGON_DISK_FREE_BYTES = 1
        settings.PARALLAGON_DISK_FREE_INODES = 0
        tmp_path.chmod(0o700)
        return tmp_path

    def test_that_is_well(self, folder: Path) -> None:
        assert bad(place.examine()) == {}
        assert list(folder.iterdir()) == []

    def test_that_cannot_be_written(self, settings: LazySettings, folder: Path) -> None:
        (folder / "file").touch()
        settings.DATA_DIR = folder / "file"

        assert bad(place.examine())["place.writable"] == "problem"

    def test_that_is_not_there(self, settings: LazySettings, folder: Path) -> None:
        settings.DATA_DIR = folder / "gone"

        found = bad(place.examine())

        assert (found["place.writable"], found["place.room"]) == ("problem", "problem")

    def test_that_is_full(self, settings: LazySettings, folder: Path) -> None:
        settings.PARALLAGON_DISK_FREE_BYTES = 2**62

        assert bad(place.examine()) == {"place.room": "problem"}

    def test_that_others_may_change_or_read(self, folder: Path) -> None:
        key = folder / "secret_key"
        key.touch()
        key.chmod(0o644)
        folder.chmod(0o777)

        found = [one.sentence for one in place.examine() if one.code == "place.rights"]

        assert [str(folder) in found[0], str(key) in found[1]] == [True, True]


class TestWeb:
    def test_without_built_pages_or_a_way_for_letters(
        self, tmp_path: Path, settings: LazySettings
    ) -> None:
        settings.DJANGO_VITE = {
            "default": {"dev_mode": False, "manifest_path": tmp_path / "manifest.json"}
        }
        settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"

        assert bad(web.examine()) == {"web.built": "problem", "web.email": "warning"}

    def test_that_is_well(self, tmp_path: Path, settings: LazySettings) -> None:
        manifest = tmp_path / "manifest.json"
        manifest.write_text("{}")
        settings.DJANGO_VITE = {"default": {"dev_mode": False, "manifest_path": manifest}}
        settings.EMAIL_BACKEND = web.SMTP

        assert codes(web.examine()) == {"web.built": "fine", "web.email": "fine"}

    def test_with_a_development_server(self, settings: LazySettings) -> None:
        settings.DJANGO_VITE = {"default": {"dev_mode": True, "manifest_path": "x"}}

        assert bad(web.examine())["web.built"] == "warning"
