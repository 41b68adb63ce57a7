"""Rows in and out of a database, as lines of JSON that every database understands."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, cast

from django.apps import apps
from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.contrib.sessions.models import Session
from django.core import serializers
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.recorder import MigrationRecorder

NOT_KEPT: Final = (ContentType, Permission, Session)
"""Made anew by ``migrate``, or worth nothing elsewhere."""
DERIVED: Final = frozenset({"search"})
"""Apps whose rows are worked out from those of others."""
_AT_ONCE: Final = 500


def kept_models() -> list[type[models.Model]]:
    """Return every model whose rows a backup holds."""
    found = [model for model in apps.get_models() if model._meta.managed]  # noqa: SLF001
    found = [model for model in found if model._meta.app_label not in DERIVED]  # noqa: SLF001
    return [model for model in found if model not in NOT_KEPT and not model._meta.proxy]  # noqa: SLF001


def label(model: type[models.Model]) -> str:
    return str(model._meta.label_lower)  # noqa: SLF001


def migrations() -> list[str]:
    """Return the migrations that the database has gone through."""
    applied = MigrationRecorder(connection).applied_migrations()
    return sorted(f"{app}.{name}" for app, name in applied)


@contextmanager
def snapshot() -> Iterator[None]:
    """Let this thread read the database as it is now, while others go on writing.

    On SQLite a transaction of Django's would keep them from it: this one only reads.
    """
    if connection.vendor == "postgresql":
        with transaction.atomic(durable=True), connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            cursor.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            cursor.execute("SET LOCAL statement_timeout = 0")
            yield
    else:
        with connection.cursor() as cursor:
            cursor.execute("BEGIN DEFERRED")
            try:
                yield
            finally:
                cursor.execute("ROLLBACK")


def lines_of(model: type[models.Model]) -> Iterator[str]:
    """Yield one line of JSON for each row."""
    rows = model._base_manager.order_by("pk")  # noqa: SLF001
    for row in rows.iterator(chunk_size=_AT_ONCE):
        line = serializers.serialize("jsonl", [row], use_natural_foreign_keys=True)
        yield cast("str", line)


def insert(lines: Iterator[str]) -> int:
    """Insert rows as they were; return how many. References are checked at the commit."""
    count = 0
    for line in lines:
        for row in serializers.deserialize("jsonl", line, handle_forward_references=False):
            row.save(force_insert=True)
            count += 1
    return count


def clear() -> None:
    """Remove what ``migrate`` itself has put into an empty database."""
    for model in kept_models():
        rows = model._base_manager.all()  # noqa: SLF001
        rows._raw_delete(rows.db)  # noqa: SLF001


def reset_sequences() -> None:
    """Let the next row of each table have a number of its own."""
    statements = connection.ops.sequence_reset_sql(no_style(), kept_models())
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
