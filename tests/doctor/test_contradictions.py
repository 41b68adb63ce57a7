"""Settings that contradict each other."""

from typing import Any

import pytest
from django.conf import LazySettings
from django.core import checks

from parallagon.doctor import contradictions
from tests.doctor.findings import bad, codes


@pytest.fixture(autouse=True)
def no_checks_of_django(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at ours alone; what Django says has a test of its own."""
    monkeypatch.setattr(checks, "run_checks", lambda **_: [])


class TestSettings:
    def test_that_agree(self) -> None:
        assert codes(contradictions.examine()) == {"settings.agree": "fine"}

    @pytest.mark.parametrize(
        ("changed", "found"),
        [
            ({"DEBUG": True}, {"settings.debug": "problem"}),
            ({"SESSION_COOKIE_SECURE": False}, {"settings.cookies": "warning"}),
            ({"ALLOWED_HOSTS": ["*"]}, {"settings.hosts": "warning"}),
            ({"CORS_ALLOWED_ORIGINS": ["http://a.example"]}, {"settings.origins": "warning"}),
            ({"CSRF_TRUSTED_ORIGINS": ["https://b.example"]}, {"settings.hosts": "warning"}),
            ({"CSRF_TRUSTED_ORIGINS": ["https://a.example"]}, {}),
            ({"CSRF_TRUSTED_ORIGINS": ["http://a.example"]}, {"settings.origins": "warning"}),
            ({"PARALLAGON_RUN_SECONDS": 10**6}, {"settings.run_seconds": "problem"}),
            ({"PARALLAGON_METRICS_TOKEN": "short"}, {"settings.metrics_token": "warning"}),
            (
                {"SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https")},
                {"settings.proxies": "warning"},
            ),
        ],
    )
    def test_that_contradict_where_others_reach_us(
        self, settings: LazySettings, changed: dict[str, Any], found: dict[str, str]
    ) -> None:
        public: dict[str, Any] = {
            "HOST": "0.0.0.0",  # noqa: S104 - that is the point
            "IS_LOOPBACK": False,
            "SESSION_COOKIE_SECURE": True,
            "ALLOWED_HOSTS": ["a.example"],
        }
        for name, value in {**public, **changed}.items():
            setattr(settings, name, value)

        assert bad(contradictions.examine()) == found

    def test_may_be_careless_on_this_machine(self, settings: LazySettings) -> None:
        settings.DEBUG = True

        assert bad(contradictions.examine()) == {}

    def test_pass_on_what_django_says(self, monkeypatch: pytest.MonkeyPatch) -> None:
        said = [
            checks.Error("It is wrong.", hint="Mend it.", id="x.E001"),
            checks.Warning("It is odd.", hint="Look.", id="x.W001"),
            checks.Info("It is so.", id="x.I001"),
        ]
        monkeypatch.setattr(checks, "run_checks", lambda **_: said)

        found = bad(contradictions.examine())

        assert found == {"settings.x.E001": "problem", "settings.x.W001": "warning"}
