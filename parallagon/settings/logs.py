"""How logs are written, and which values never are."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

from parallagon.core import scrubbing
from parallagon.settings.env import Environment

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
# What a client did wrong is in its answer, what a task returned in its result.
QUIETER = {"celery": "WARNING", "daphne": "WARNING", "django.request": "ERROR"}
_SECRET_NAMES = ("KEY", "SECRET", "TOKEN", "PASSWORD", "PASSWD")


def logging_of(env: Environment) -> dict[str, Any]:
    """Return Django's ``LOGGING``.

    Raises:
        ImproperlyConfigured: a level, a format or the file cannot be used.
    """
    level = env.choice("LOG_LEVEL", "INFO", LEVELS)
    form = env.choice("LOG_FORMAT", "human", ("human", "json"))
    file = env.text("LOG_FILE")
    common = {"formatter": form, "filters": ["context"]}
    # With a file, everything goes there and the console shows what someone should look at.
    console = {"()": "parallagon.core.logfile.Console", "level": "WARNING" if file else "DEBUG"}
    handlers: dict[str, Any] = {"console": {**console, **common}}
    if file:
        handlers["file"] = {
            "()": "parallagon.core.logfile.SharedFile",
            "filename": _usable(file),
            "longest": env.integer("LOG_FILE_BYTES", 10 * 1024 * 1024, least=0),
            "count": env.integer("LOG_FILE_COUNT", 5, least=1, most=100),
            **common,
        }
    levels = {**QUIETER, **env.levels("LOG_LEVELS", LEVELS)}
    # Django's own handlers, which write in another format and hide nothing, are taken away.
    loggers: dict[str, Any] = {
        name: {"handlers": [], "propagate": True} for name in ("django", "django.server")
    }
    for name, least in levels.items():
        loggers[name] = {**loggers.get(name, {}), "level": least}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"context": {"()": "parallagon.core.logging.ContextFilter"}},
        "formatters": {
            "human": {
                "()": "parallagon.core.logging.HumanLines",
                "format": "{asctime} {levelname:<7} {name}: {message} {context}",
                "style": "{",
            },
            "json": {"()": "parallagon.core.logging.JsonLines"},
        },
        "handlers": handlers,
        "root": {"handlers": list(handlers), "level": level},
        "loggers": loggers,
    }


def hide_secrets(env: Environment, *more: str) -> None:
    """Let nothing that is written hold a secret of the environment, of a ``NAME_FILE``, or these.

    The keys of providers that stand in files are read by the gateway alone, which hides them.
    """
    found = [*more, *env.secrets_read]
    found += [value for name, value in env.values.items() if name.upper().endswith(_SECRET_NAMES)]
    for value in (*env.secrets_read, *env.values.values()):
        if "://" in value and (password := _password(value)):
            found += [password, unquote(password)]
    scrubbing.learn(value.strip() for value in found)


def _password(url: str) -> str | None:
    try:
        return urlsplit(url).password
    except ValueError:
        return None


def _usable(file: str) -> str:
    path = Path(file).expanduser().absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(path, error.strerror or "refused") from error
    if path.is_dir():
        raise _unusable(path, "it is a folder")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise _unusable(path, "it cannot be written")
    return str(path)


def _unusable(path: Path, reason: str) -> ImproperlyConfigured:
    return ImproperlyConfigured(
        f"LOG_FILE names {path}, which cannot be used: {reason}. Name a file that can be written."
    )
