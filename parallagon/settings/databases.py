"""The database: SQLite in the data directory, or PostgreSQL with bounded waits everywhere."""

from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from parallagon.settings.env import Environment


def sqlite(file: Path) -> dict[str, Any]:
    """Return SQLite's settings: writers queue from the start, commits reach the disk."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": file,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        },
    }


def postgresql(url: str, env: Environment) -> dict[str, Any]:
    """Return PostgreSQL's settings for ``url``: a pool a process, and no wait without an end.

    Raises:
        ImproperlyConfigured: the address is not one of PostgreSQL.
    """
    database: dict[str, Any] = dict(dj_database_url.parse(url))
    if database.get("ENGINE") != "django.db.backends.postgresql":
        raise ImproperlyConfigured(
            "DATABASE_URL is not an address of PostgreSQL: write "
            "postgres://user:password@host/name, or leave it unset for SQLite."
        )
    options = database.setdefault("OPTIONS", {})
    options.setdefault("application_name", "parallagon")
    options.setdefault("connect_timeout", _seconds(env, "PARALLAGON_DATABASE_CONNECT_SECONDS", 5))
    # A host that vanished is noticed within a minute, also by a connection that only waits.
    for name, value in {
        "keepalives_idle": 30,
        "keepalives_interval": 10,
        "keepalives_count": 3,
    }.items():
        options.setdefault(name, value)
    if env.flag("PARALLAGON_DATABASE_POOLER"):
        return database | _behind_a_pooler()
    return database | _direct(options, env)


def _direct(options: dict[str, Any], env: Environment) -> dict[str, Any]:
    """Keep a pool in each process; let no statement, lock or transaction last for ever."""
    limits = {
        "statement_timeout": _seconds(env, "PARALLAGON_DATABASE_STATEMENT_SECONDS", 60),
        "lock_timeout": _seconds(env, "PARALLAGON_DATABASE_LOCK_SECONDS", 10),
        "idle_in_transaction_session_timeout": _seconds(
            env, "PARALLAGON_DATABASE_IDLE_SECONDS", 60
        ),
    }
    options["options"] = " ".join(
        [*options.get("options", "").split(), *(f"-c {name}={s}s" for name, s in limits.items())]
    )
    least = env.integer("PARALLAGON_DATABASE_CONNECTIONS_KEPT", 1, least=0)
    most = env.integer("PARALLAGON_DATABASE_CONNECTIONS", 20, least=2)
    if least > most:
        raise ImproperlyConfigured(
            f"PARALLAGON_DATABASE_CONNECTIONS_KEPT is {least}, more than "
            f"PARALLAGON_DATABASE_CONNECTIONS, which is {most}."
        )
    options["pool"] = {
        "min_size": least,
        "max_size": most,
        "timeout": _seconds(env, "PARALLAGON_DATABASE_WAIT_SECONDS", 10),
        "max_idle": 300,
        "max_lifetime": 3600,
    }
    # The pool keeps connections, so Django must not; each is tried before it is handed out.
    return {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True}


def _behind_a_pooler() -> dict[str, Any]:
    """Leave pooling, and the limits of a session, to PgBouncer or the like.

    One that pools by transaction has no sessions: cursors and settings of ours would be left in
    connections of others.
    """
    return {"CONN_MAX_AGE": 0, "CONN_HEALTH_CHECKS": True, "DISABLE_SERVER_SIDE_CURSORS": True}


def _seconds(env: Environment, name: str, default: int) -> int:
    """Read a number of seconds; 0 is no limit, where there may be none."""
    return env.integer(name, default, least=0)
