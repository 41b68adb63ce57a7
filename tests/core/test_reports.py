"""The page of an error, as DEBUG shows it."""

import sys

import pytest
from django.test import RequestFactory
from django.views.debug import get_exception_reporter_class, get_exception_reporter_filter

from parallagon.core.reports import ScrubbedReporter, ScrubbingFilter

SECRETS = {
    "provider": "sk-canary-4f1d0e6b7c",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJ1c2VyIjoxfQ.canary4f1d0e6b7c",
    "password": "canary-4f1d0e6b7c",
    "session": "canary4f1d0e6b7c",
}


class Holder:
    """What shows a secret when it is shown."""

    def __repr__(self) -> str:
        return f"Holder(password='{SECRETS['password']}')"


class Broken:
    def __repr__(self) -> str:
        raise RuntimeError(SECRETS["password"])


def fail() -> None:
    """Fail, with secrets in the sentence and in variables."""
    password = SECRETS["password"]
    held, broken, nested = Holder(), Broken(), {"inside": {"password": password}}
    raise ValueError(f"{SECRETS['provider']} was refused", len([held, broken, nested]))


@pytest.fixture(params=["html", "text"])
def report(request: pytest.FixtureRequest, settings: object) -> str:
    settings.DEBUG = True  # type: ignore[attr-defined]
    asked = RequestFactory().post(
        f"/login/?sesame={SECRETS['session']}",
        {"password": SECRETS["password"]},
        headers={"Authorization": f"Bearer {SECRETS['jwt']}"},
    )
    asked.COOKIES["parallagon_8000"] = SECRETS["session"]
    try:
        fail()
    except ValueError:
        kind, error, trace = sys.exc_info()
    chosen: object = get_exception_reporter_class(asked)
    assert chosen is ScrubbedReporter
    made = ScrubbedReporter(asked, kind, error, trace)
    assert isinstance(get_exception_reporter_filter(asked), ScrubbingFilter)
    return made.get_traceback_html() if request.param == "html" else made.get_traceback_text()


class TestReport:
    def test_of_an_error_tells_where_and_what_but_no_secret(self, report: str):
        assert "ValueError" in report
        assert "test_reports.py" in report
        assert "4f1d0e6b7c" not in report.split("SECRETS = {")[0]
