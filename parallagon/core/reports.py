"""Django's error reports (the page that ``DEBUG`` shows, mails to ``ADMINS``), without secrets."""

import re
from collections.abc import ItemsView
from typing import Any, Final

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter, SafeExceptionReporterFilter

from parallagon.core.scrubbing import scrub

_MORE_NAMES: Final = r"AUTHORIZATION|COOKIE|SESAME|SESSION|CSRF|ENVIRONMENT|_URL$|^parallagon_\d"


class Shown(str):
    """A text that is shown as it is, not as Python would spell it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


class ScrubbingFilter(SafeExceptionReporterFilter):
    """Hides values by their names and by what they are; also where ``DEBUG`` is on."""

    hidden_settings = re.compile(
        f"{SafeExceptionReporterFilter.hidden_settings.pattern}|{_MORE_NAMES}", re.IGNORECASE
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        """Tell Django to hide what views marked as sensitive, whatever ``DEBUG`` says."""
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        """Return what a form sent."""
        sent = super().get_post_parameters(request)
        return {name: self.cleanse_setting(name, value) for name, value in sent.items()}

    def get_traceback_frame_variables(
        self, request: HttpRequest | None, tb_frame: Any
    ) -> ItemsView[str, Any]:
        """Return a frame's variables as texts."""
        variables = super().get_traceback_frame_variables(request, tb_frame)
        return {name: self._shown(name, value) for name, value in variables}.items()

    def _shown(self, name: str, value: Any) -> Shown:
        try:
            return Shown(scrub(repr(self.cleanse_setting(name, value))))
        except Exception as error:  # noqa: BLE001, RUF100 - whatever a repr does
            return Shown(f"[it cannot be shown: {type(error).__name__}]")


class ScrubbedReporter(ExceptionReporter):
    """The report as a whole, once more by what secrets look like."""

    def get_traceback_data(self) -> dict[str, Any]:
        """Return what is shown; Django itself hides nothing of a query."""
        data = super().get_traceback_data()
        if self.request is not None:
            sent = self.request.GET.items()
            cleanse = ScrubbingFilter().cleanse_setting
            data["request_GET_items"] = [(name, cleanse(name, value)) for name, value in sent]
        return data

    def get_traceback_html(self) -> SafeString:
        return SafeString(scrub(super().get_traceback_html()))

    def get_traceback_text(self) -> SafeString:
        return SafeString(scrub(super().get_traceback_text()))
