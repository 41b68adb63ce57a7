"""Migrations that the version before can live with: nothing goes, unless it says why."""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.operations.base import Operation

FIRST = {"missions": 30, "agents": 30, "notifications": 10, "accounts": 10}
"""Below these numbers nobody has an installation that could be upgraded."""
DESTRUCTIVE = (
    migrations.DeleteModel, migrations.RemoveField, migrations.RenameField,
    migrations.RenameModel, migrations.AlterModelTable,
)  # fmt: skip


def migrations_of(label: str) -> Iterator[tuple[str, ModuleType]]:
    config = apps.get_app_config(label)
    if not (Path(config.path) / "migrations").is_dir():
        return
    package = importlib.import_module(f"{config.name}.migrations")
    for found in pkgutil.iter_modules(package.__path__):
        yield found.name, importlib.import_module(f"{package.__name__}.{found.name}")


def unsafe(operation: Operation, created: set[str]) -> str | None:
    """Return why the version before, or everyone, would mind an operation."""
    model = str(getattr(operation, "model_name", getattr(operation, "name", ""))).lower()
    if isinstance(operation, migrations.CreateModel):
        created.add(operation.name.lower())
        return None
    if model in created:
        return None  # nobody uses it yet
    if isinstance(operation, DESTRUCTIVE):
        return f"{operation.describe()}: the version before still uses it"
    if isinstance(operation, migrations.AddField):
        return _of_new_field(operation)
    if isinstance(operation, migrations.RunSQL):
        return f"{operation.describe()}: nobody can see what it locks"
    return None


def _of_new_field(operation: migrations.AddField) -> str | None:
    field = operation.field
    is_filled = isinstance(field, models.ManyToManyField) or field.null
    if is_filled or field.db_default is not models.NOT_PROVIDED:
        return None
    return f"{operation.describe()}: the version before inserts rows without it"


@pytest.mark.parametrize("label", FIRST)
def test_say_why_they_are_safe(label: str) -> None:
    for name, module in migrations_of(label):
        if not name[:4].isdigit() or int(name[:4]) < FIRST[label]:
            continue
        created: set[str] = set()
        found = [
            reason
            for operation in module.Migration.operations
            if (reason := unsafe(operation, created))
        ]
        assert not found or hasattr(module, "STEP"), f"{label}.{name}: {found}"


class TestUnsafe:
    def test_a_column_that_goes(self) -> None:
        assert unsafe(migrations.RemoveField("mission", "title"), set())

    def test_a_required_column_without_a_default_in_the_database(self) -> None:
        required = migrations.AddField("mission", "colour", models.CharField(default="red"))

        assert unsafe(required, set())
        assert not unsafe(required, {"mission"}), "of a table that this migration makes"

    def test_not_one_that_may_be_empty_or_that_the_database_fills(self) -> None:
        for field in (models.CharField(null=True), models.CharField(db_default="red")):
            assert not unsafe(migrations.AddField("mission", "colour", field), set())
