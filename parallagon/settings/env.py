"""Typed readers of environment variables; each secret may also come from a file (``NAME_FILE``).

Values come from the process's environment first, then from ``.env`` beside ``manage.py``.
"""

import os
from decimal import Decimal, InvalidOperation
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from dotenv import dotenv_values

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


class Environment:
    """The environment, read with types.

    Raises (from every reader):
        ImproperlyConfigured: with a sentence that names the variable and what to set.
    """

    def __init__(self, dotenv: Path | None = None) -> None:
        values = dotenv_values(dotenv) if dotenv and dotenv.is_file() else {}
        self.values = {name: value for name, value in values.items() if value is not None}
        self.values.update(os.environ)

    def text(self, name: str, default: str = "") -> str:
        return self.values.get(name, "").strip() or default

    def secret(self, name: str, default: str = "") -> str:
        """Read ``NAME``, or the file that ``NAME_FILE`` names."""
        if value := self.text(name):
            return value
        file = self.text(f"{name}_FILE")
        if not file:
            return default
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

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise ImproperlyConfigured(f"{name} is “{value}”; set it to {' or '.join(choices)}.")
        return value

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
