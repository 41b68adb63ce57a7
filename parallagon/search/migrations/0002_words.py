"""The table of words: FTS5 on SQLite, a tsvector on PostgreSQL; both go with their entry."""

from typing import Any

from django.db import migrations

SQLITE = [
    """CREATE VIRTUAL TABLE search_words USING fts5(
        name, body, tokenize = "unicode61 remove_diacritics 2", prefix = '2 3'
    )""",
    # Django removes rows itself; whoever alters the table of entries makes this trigger again.
    """CREATE TRIGGER search_words_follow AFTER DELETE ON search_searchentry BEGIN
        DELETE FROM search_words WHERE rowid = old.id;
    END""",
]
POSTGRESQL = [
    """CREATE TABLE search_words (
        entry_id bigint PRIMARY KEY REFERENCES search_searchentry (id) ON DELETE CASCADE,
        name tsvector NOT NULL,
        body tsvector NOT NULL
    )""",
    "CREATE INDEX search_words_body ON search_words USING gin (body)",
]


def make(_apps: Any, editor: Any) -> None:
    for statement in POSTGRESQL if editor.connection.vendor == "postgresql" else SQLITE:
        editor.execute(statement)


def remove(_apps: Any, editor: Any) -> None:
    if editor.connection.vendor != "postgresql":
        editor.execute("DROP TRIGGER search_words_follow")
    editor.execute("DROP TABLE search_words")


class Migration(migrations.Migration):
    dependencies = [("search", "0001_initial")]
    operations = [migrations.RunPython(make, remove)]
