"""Whose page may open a socket."""

import pytest

from parallagon.core.origins import is_allowed

HOST = "127.0.0.1:8000"


class TestIsAllowed:
    def test_the_page_of_this_very_address_may(self):
        assert is_allowed("http://127.0.0.1:8000", host=HOST)

    def test_a_trusted_origin_may(self, settings):
        settings.CSRF_TRUSTED_ORIGINS = ["https://team.example.org"]

        assert is_allowed("https://team.example.org", host=HOST)

    @pytest.mark.parametrize(
        "origin",
        [
            "",
            "null",
            "http://127.0.0.1:9999",
            "http://127.0.0.1",
            "http://evil.example:8000",
            "http://127.0.0.1:8000.evil.example",
            "file://127.0.0.1:8000",
            "http://[::1",
        ],
    )
    def test_nobody_else_may(self, origin: str):
        assert not is_allowed(origin, host=HOST)

    def test_a_host_that_is_not_ours_helps_nobody(self):
        assert not is_allowed("http://evil.example", host="evil.example")
