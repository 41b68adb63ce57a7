"""Lines of the log: whose they are, what shape they have, what a request says."""

import json
import logging
from collections.abc import Iterator

import pytest
from django.test import Client

from parallagon.core.logging import ContextFilter, HumanLines, JsonLines, log_context
from parallagon.core.middleware import access
from parallagon.settings.env import Environment
from parallagon.settings.logs import logging_of


def record(message: str, *args: object, **extra: object) -> logging.LogRecord:
    made = logging.getLogger("tests").makeRecord(
        "tests", logging.INFO, __file__, 1, message, args, None, extra=extra
    )
    ContextFilter().filter(made)
    return made


def as_json(made: logging.LogRecord) -> dict[str, object]:
    found: dict[str, object] = json.loads(JsonLines().format(made))
    return found


class TestContext:
    def test_ids_are_on_every_line_of_the_block_and_on_none_after(self):
        with log_context(mission=3), log_context(run="r"):
            inside = record("hello")
        after = record("bye")

        assert vars(inside)["context"] == "mission=3 run=r"
        assert (vars(inside)["mission"], vars(inside)["run"]) == ("3", "r")
        assert vars(after)["context"] == ""

    def test_what_becomes_known_later_is_asked_for_at_each_line(self):
        known: list[int] = []
        with log_context(user=lambda: known[0] if known else None):
            before = record("who is it?")
            known.append(7)
            after = record("it is")

        assert vars(before)["context"] == ""
        assert vars(after)["context"] == "user=7"


class TestHumanLines:
    lines = HumanLines("{levelname} {name}: {message} {context}", style="{")

    def test_end_with_the_ids(self):
        with log_context(mission=3):
            assert self.lines.format(record("%s moved", "a.md")) == (
                "INFO tests: a.md moved mission=3"
            )

    @pytest.mark.parametrize("end", ["\n", "\r", "\r\n", "\x0b", "\x1b[2J", "\x85", "\u2028"])
    def test_one_cannot_pretend_to_be_another(self, end: str):
        line = self.lines.format(record("GET %s", f"/a{end}ERROR root: the disk is full"))

        assert len(line.splitlines()) == 1
        assert line.isprintable()

    def test_a_trace_comes_below_without_its_secrets(self):
        made = record("it failed")
        error = ValueError("the key sk-abcdefghijklmnop is refused")
        made.exc_info = (ValueError, error, None)

        text = self.lines.format(made)

        assert "ValueError: the key [secret] is refused" in text
        assert "abcdefghijklmnop" not in text


class TestJsonLines:
    def test_have_ids_and_numbers_as_fields(self):
        with log_context(request="r-1", user=5):
            line = as_json(record("done in %.1f ms", 12.3, duration_ms=12.3))

        assert line["message"] == "done in 12.3 ms"
        assert (line["level"], line["logger"]) == ("INFO", "tests")
        assert (line["request"], line["user"], line["duration_ms"]) == ("r-1", "5", 12.3)
        assert "context" not in line

    @pytest.mark.parametrize("quote", ['"', "'", "\\", "\n"])
    def test_stay_json_where_a_secret_goes(self, quote: str):
        line = as_json(record(f"password=hunter22{quote}", api_key={"token": f"a{quote}b" * 9}))

        assert "hunter22" not in json.dumps(line)


class Collector(logging.Handler):
    """Keeps records."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


class TestAccessLine:
    @pytest.fixture
    def lines(self) -> Iterator[list[logging.LogRecord]]:
        """What the access log says, collected."""
        collector = Collector()
        collector.addFilter(ContextFilter())
        access.addHandler(collector)
        access.setLevel(logging.DEBUG)
        yield collector.records
        access.removeHandler(collector)
        access.setLevel(logging.NOTSET)

    def test_tells_path_status_and_time_but_no_query(
        self, client: Client, lines: list[logging.LogRecord]
    ):
        response = client.get(
            "/api/v1/nowhere/?q=what-i-look-for", headers={"X-Request-Id": "12345678"}
        )

        [line] = lines
        assert line.levelno == logging.INFO
        assert line.getMessage().startswith(f"GET /api/v1/nowhere/ {response.status_code} in ")
        assert isinstance(vars(line)["duration_ms"], float)
        assert vars(line)["request"] == response["X-Request-Id"] == "12345678"
        assert "what-i-look-for" not in str(vars(line).values())

    def test_of_a_probe_is_for_debugging(self, client: Client, lines: list[logging.LogRecord]):
        client.get("/health/live")

        assert [one.levelno for one in lines] == [logging.DEBUG]

    @pytest.mark.django_db
    def test_names_the_person_and_what_the_address_names(
        self, client: Client, lines: list[logging.LogRecord], django_user_model: type
    ):
        person = django_user_model.objects.create_user("ada")  # type: ignore[attr-defined]
        client.force_login(person)

        client.get("/api/v1/missions/987654/")

        [line] = lines
        assert (vars(line)["user"], vars(line)["mission"]) == (str(person.pk), "987654")


class TestSettings:
    def test_levels_of_single_loggers(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setenv("LOG_LEVELS", "parallagon.access=warning, celery=INFO")

        loggers = logging_of(Environment())["loggers"]

        assert loggers["parallagon.access"]["level"] == "WARNING"
        assert loggers["celery"]["level"] == "INFO"
        assert loggers["daphne"]["level"] == "WARNING"

    def test_django_has_no_handler_that_hides_nothing(self):
        loggers = logging_of(Environment())["loggers"]

        for name in ("django", "django.server"):
            assert loggers[name] == {"handlers": [], "propagate": True}
