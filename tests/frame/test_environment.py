"""Typed readers of the environment."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from parallagon.settings.env import Environment


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Environment:
    for name in ("CHOSEN", "ONLY_HERE", "EMPTY"):
        monkeypatch.delenv(name, raising=False)
    dotenv = tmp_path / ".env"
    dotenv.write_text("CHOSEN=from the file\nONLY_HERE='a value'\nEMPTY=\nLIST=a, b ,,c\n")
    monkeypatch.setenv("CHOSEN", "from the process")
    return Environment(dotenv)


class TestEnvironment:
    def test_prefers_the_process_to_the_file(self, environment: Environment) -> None:
        assert environment.text("CHOSEN") == "from the process"
        assert environment.text("ONLY_HERE") == "a value"

    def test_takes_an_empty_value_for_none(self, environment: Environment) -> None:
        assert environment.text("EMPTY", "default") == "default"
        assert environment.integer("EMPTY", 3) == 3
        assert environment.flag("EMPTY") is False

    def test_splits_lists_by_commas(self, environment: Environment) -> None:
        assert environment.items("LIST") == ["a", "b", "c"]

    def test_wants_absolute_paths(self) -> None:
        environment = Environment()
        environment.values["ROOTS"] = "/srv/texts, ~/work"

        assert environment.paths("ROOTS") == [Path("/srv/texts"), Path.home() / "work"]
        assert environment.paths("NONE") == []
        environment.values["ROOTS"] = "/srv, texts"
        with pytest.raises(ImproperlyConfigured, match="ROOTS holds “texts”"):
            environment.paths("ROOTS")

    def test_reads_a_secret_from_the_file_that_its_variable_names(self, tmp_path: Path) -> None:
        (tmp_path / "key").write_text("hush\n")
        environment = Environment()
        environment.values["API_KEY_FILE"] = str(tmp_path / "key")

        assert environment.secret("API_KEY") == "hush"

    @pytest.mark.parametrize("value", ["true", "1", "YES", "on"])
    def test_knows_yes_in_many_words(self, value: str) -> None:
        environment = Environment()
        environment.values["FLAG"] = value

        assert environment.flag("FLAG") is True

    def test_names_the_variable_that_cannot_be_read(self) -> None:
        environment = Environment()
        environment.values.update(NUMBER="many", CHOICE="c")

        with pytest.raises(ImproperlyConfigured, match="NUMBER is “many”"):
            environment.integer("NUMBER", 1)
        with pytest.raises(ImproperlyConfigured, match="NUMBER is “many”"):
            environment.decimal("NUMBER", Decimal(1))
        with pytest.raises(ImproperlyConfigured, match="CHOICE is “c”; set it to a or b"):
            environment.choice("CHOICE", "a", ("a", "b"))


class TestExample:
    def test_documents_every_variable_that_settings_read(self) -> None:
        root = Path(__file__).resolve().parent.parent.parent
        sources = [file.read_text() for file in (root / "parallagon/settings").glob("*.py")]
        reads = re.compile(r'env\.\w+\(\s*"([A-Z_]+)"')
        read = {name for source in sources for name in reads.findall(source)}

        documented = set(re.findall(r"^# ([A-Z_]+)=", (root / ".env.example").read_text(), re.M))

        assert len(read) > 20
        assert read - documented == set()
