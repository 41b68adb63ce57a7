"""Typed readers of environment variables; each secret may also come from a file (``NAME_FILE``).

Values come from the process's environment first, then from ``.env`` beside ``manage.py``.
"""

import os
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}
_RATE = re.compile(r"^(?P<count>[1-9]\d{0,8})/(?P<many>[1-9]\d{0,4})?(?P<unit>[smhd])$")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 24 * 3600}


class Environment:
    """The environment, read with types.

    Raises (from every reader):
        ImproperlyConfigured: with a sentence that names the variable and what to set.
    """

    def __init__(self, dotenv: Path | None = None) -> None:
        values = dotenv_values(dotenv) if dotenv and dotenv.is_file() else {}
        self.values = {name: value for name, value in values.items() if value is not None}
        self.values.update(os.environ)
        self.secrets_read: set[str] = set()
        """What ``secret`` gave so far, so that logs can hide it."""

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, "").strip() or default

    def secret(self, name: str, default: str = "") -> str:
        """Read ``NAME``, or the file that ``NAME_FILE`` names."""
        value = self.text(name) or self._secret_in_file(name)
        self.secrets_read.add(value)
        return value or default

    def _secret_in_file(self, name: str) -> str:
        file = self.text(f"{name}_FILE")
        if not file:
            return ""
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise ImproperlyConfigured(
                f"{name}_FILE names {file}, which cannot be read: {error.strerror}."
            ) from error

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.values.get(name)
        if value is None:
            return default
        if value.strip().lower() in _TRUE:
            return True
        if value.strip().lower() in _FALSE:
            return False
        raise ImproperlyConfigured(f"{name} is “{value}”; set it to true or false.")

    def integer(
        self, name: str, default: int, *, least: int | None = None, most: int | None = None
    ) -> int:
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError as error:
            raise ImproperlyConfigured(f"{name} is “{value}”; set it to a whole number.") from error
        if (least is not None and number < least) or (most is not None and number > most):
            raise ImproperlyConfigured(f"{name} is {number}; it must be {least} to {most}.")
        return number

    def decimal(self, name: str, default: Decimal) -> Decimal:
        value = self.text(name)
        if not value:
            return default
        try:
            return Decimal(value)
        except InvalidOperation as error:
            raise ImproperlyConfigured(f"{name} is “{value}”; set it to a number.") from error

    def cap(self, name: str, default: int | None = None) -> int | None:
        """Read a whole number from 0 that may be “none”: no cap."""
        if self.text(name).lower() == "none":
            return None
        value = self.integer(name, -1 if default is None else default, least=0)
        return None if value < 0 else value

    def dollars(self, name: str, default: Decimal | None = None) -> Decimal | None:
        """Read an amount of money from 0 that may be “none”: no cap."""
        value = self.text(name).lower()
        if value in {"", "none"}:
            return None if value else default
        amount = self.decimal(name, Decimal(0))
        if not amount.is_finite() or amount < 0:
            raise ImproperlyConfigured(f"{name} is “{value}”; set it to dollars from 0, or none.")
        return amount

    def rates(
        self, name: str, default: dict[str, tuple[int, int]]
    ) -> dict[str, tuple[int, int] | None]:
        """Read rates by class: ``read=200/10s,write=none``; each is so many in so many seconds."""
        rates: dict[str, tuple[int, int] | None] = {**default}
        for item in self.items(name):
            key, _, value = (part.strip() for part in item.partition("="))
            found = _RATE.match(value)
            if key not in default or not (found or value == "none"):
                raise ImproperlyConfigured(
                    f"{name} holds “{item}”; write class=count/seconds, such as read=200/10s, "
                    f"the class one of {', '.join(default)}."
                )
            seconds = _SECONDS[found["unit"]] * int(found["many"] or 1) if found else 0
            rates[key] = (int(found["count"]), seconds) if found else None
        return rates

    def prices(self, name: str) -> dict[str, tuple[Decimal, Decimal]]:
        """Read prices of models: ``model=input/output`` in dollars a million tokens, by commas."""
        prices = {}
        for item in self.items(name):
            model, _, rates = item.rpartition("=")
            try:
                paid_in, paid_out = (Decimal(rate) for rate in rates.split("/"))
            except (InvalidOperation, ValueError) as error:
                raise ImproperlyConfigured(
                    f"{name} holds “{item}”; write model=input/output, such as openai/mine=0.5/1.5."
                ) from error
            if not (model and paid_in.is_finite() and paid_out.is_finite()):
                raise ImproperlyConfigured(f"{name} holds “{item}”, which names no model or price.")
            if paid_in < 0 or paid_out < 0:
                raise ImproperlyConfigured(f"{name} holds “{item}”; prices begin at 0.")
            prices[model.strip()] = (paid_in, paid_out)
        return prices

    def mail(self, name: str) -> dict[str, Any]:
        """Read ``smtp[s]://user:password@host:port`` (``?tls=1`` for STARTTLS), or ``console:``.

        Returns the values of Django's settings ``EMAIL_…``.
        """
        value = self.secret(name, "console:")
        try:
            parts = urlsplit(value)
            port = parts.port
        except ValueError:
            parts, port = urlsplit("unreadable:"), None
        if parts.scheme == "console":
            return {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise ImproperlyConfigured(
                f"{name} cannot be read; set it to smtp://user:password@host:port, or console:."
            )
        is_ssl, is_tls = parts.scheme == "smtps", parts.query == "tls=1"
        return {
            "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "EMAIL_HOST": parts.hostname,
            "EMAIL_PORT": port or (465 if is_ssl else 587 if is_tls else 25),
            "EMAIL_HOST_USER": unquote(parts.username or ""),
            "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
            "EMAIL_USE_SSL": is_ssl,
            "EMAIL_USE_TLS": is_tls and not is_ssl,
        }

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise ImproperlyConfigured(f"{name} is “{value}”; set it to {' or '.join(choices)}.")
        return value

    def levels(self, name: str, known: tuple[str, ...]) -> dict[str, str]:
        """Read levels of loggers: ``logger=LEVEL``, separated by commas."""
        levels = {}
        for item in self.items(name):
            logger, _, level = (part.strip() for part in item.partition("="))
            if not logger or level.upper() not in known:
                raise ImproperlyConfigured(
                    f"{name} holds “{item}”; write logger=LEVEL, the level one of "
                    f"{', '.join(known)}."
                )
            levels[logger] = level.upper()
        return levels

    def items(self, name: str, default: tuple[str, ...] = ()) -> list[str]:
        """Read a list separated by commas."""
        value = self.text(name)
        return [item.strip() for item in value.split(",") if item.strip()] or list(default)

    def paths(self, name: str) -> list[Path]:
        """Read a list of absolute paths separated by commas."""
        paths = [Path(item).expanduser() for item in self.items(name)]
        if relative := next((path for path in paths if not path.is_absolute()), None):
            raise ImproperlyConfigured(
                f"{name} holds “{relative}”; name folders by absolute paths."
            )
        return paths

    def path(self, name: str, default: Path) -> Path:
        value = self.text(name)
        return Path(value).expanduser().resolve() if value else default
