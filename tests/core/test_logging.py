"""Lines of the log: whose they are, and what is not in them."""

import logging

import pytest

from parallagon.core.logging import ContextFilter, log_context, scrub


def line(message: str, *args: object) -> logging.LogRecord:
    record = logging.LogRecord("tests", logging.INFO, __file__, 1, message, args, None)
    ContextFilter().filter(record)
    return record


class TestContext:
    def test_ids_are_on_every_line_of_the_block_and_on_none_after(self):
        with log_context(mission=3), log_context(run="r"):
            inside = line("hello")
        after = line("bye")

        assert vars(inside)["context"] == "mission=3 run=r"
        assert (vars(inside)["mission"], vars(inside)["run"]) == ("3", "r")
        assert vars(after)["context"] == ""


class TestScrub:
    @pytest.mark.parametrize(
        "secret",
        [
            "sk-abcdefghijklmnop",
            "Authorization: Bearer abcdefghijklmnop",
            "GET /login/?sesame=AAAAbbbbCCCC",
            'api_key="0123456789"',
            "password=hunter22",
        ],
    )
    def test_takes_secrets_out(self, secret: str):
        assert "[secret]" in line("it said %s", secret).getMessage()

    def test_leaves_ordinary_words_alone(self):
        words = "run 12 changed production.md +3 −1; the token count is 12"

        assert scrub(words) == words
