"""The file that several processes write and rotate together."""

import logging
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from parallagon.core.logfile import SharedFile
from parallagon.settings.env import Environment
from parallagon.settings.logs import logging_of

WRITERS, LINES, LONGEST = 4, 300, 16 * 1024
WRITER = """
import logging, sys
from parallagon.core.logfile import SharedFile
name, path, lines, longest = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
logger = logging.getLogger(name)
logger.propagate = False
logger.addHandler(SharedFile(path, longest=longest, count=90))
print("ready", flush=True)
sys.stdin.readline()
for number in range(lines):
    logger.warning("%s %s %s end", name, number, "é" * (number % 97))
"""


def write_together(file: Path) -> None:
    """Let processes write as fast as they can, all from the same moment on."""
    arguments = [str(file), str(LINES), str(LONGEST)]
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, f"w{number}", *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        for number in range(WRITERS)
    ]
    for writer in writers:
        assert writer.stdout
        assert writer.stdout.readline() == b"ready\n"
    for writer in writers:
        assert writer.stdin
        writer.stdin.write(b"go\n")
        writer.stdin.flush()
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0


@pytest.fixture
def logger(tmp_path: Path):
    """A logger with a file of its own, put aside when it gets long."""
    made = logging.getLogger("tests.logfile")
    made.propagate = False
    handler = SharedFile(str(tmp_path / "a" / "p.log"), longest=200, count=2)
    made.addHandler(handler)
    yield made
    made.removeHandler(handler)
    handler.close()


class TestSharedFile:
    def test_loses_and_tears_no_line_while_processes_rotate_it(self, tmp_path: Path):
        write_together(tmp_path / "p.log")

        files = sorted(tmp_path.glob("p.log*"))
        lines = [line for file in files for line in file.read_text("utf-8").splitlines()]
        expected = [
            f"w{writer} {number} {'é' * (number % 97)} end"
            for writer in range(WRITERS)
            for number in range(LINES)
        ]
        assert sorted(lines) == sorted(expected)
        assert len(files) > WRITERS
        assert all(file.stat().st_size < 2 * LONGEST for file in files)

    def test_keeps_so_many_and_no_more(self, logger: logging.Logger, tmp_path: Path):
        for number in range(50):
            logger.warning("line %s of a log that gets long", number)

        assert {file.name for file in (tmp_path / "a").glob("p.log*")} == {
            "p.log", "p.log.1", "p.log.2",
        }  # fmt: skip
        assert "line 49" in (tmp_path / "a" / "p.log").read_text()

    def test_goes_on_in_a_new_file_when_another_program_rotates(
        self, logger: logging.Logger, tmp_path: Path
    ):
        file = tmp_path / "a" / "p.log"
        logger.warning("before")
        file.rename(file.with_suffix(".old"))

        logger.warning("after")

        assert file.read_text() == "after\n"
        assert file.with_suffix(".old").read_text() == "before\n"

    def test_that_cannot_be_written_stops_nobody_and_tells_no_secret(
        self, logger: logging.Logger, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ):
        shutil.rmtree(tmp_path / "a")

        for _ in range(3):
            logger.warning("the key is %s", "sk-abcdefghijklmnop")

        said = capsys.readouterr().err
        assert said.count("was not logged") == 1
        assert "abcdefgh" not in said

    def test_says_nothing_of_arguments_that_do_not_fit(
        self, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
    ):
        arguments = ("sk-abcdefghijklmnop",)
        record = logging.LogRecord("tests", logging.INFO, __file__, 1, "%d", arguments, None)

        logger.handlers[0].handle(record)

        assert "abcdefgh" not in capsys.readouterr().err


class TestSettings:
    def test_name_the_file_and_its_bounds(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("LOG_FILE", str(tmp_path / "logs" / "p.log"))
        monkeypatch.setenv("LOG_FILE_BYTES", "1000")

        handler = logging_of(Environment())["handlers"]["file"]

        assert (handler["longest"], handler["count"]) == (1000, 5)

    def test_refuse_what_is_no_file(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("LOG_FILE", str(tmp_path))

        with pytest.raises(ImproperlyConfigured, match="it is a folder"):
            logging_of(Environment())
