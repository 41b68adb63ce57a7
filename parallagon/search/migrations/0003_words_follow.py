"""On PostgreSQL words follow their entry by triggers, as on SQLite, and no longer by a reference.

A table that another refers to cannot be truncated, which is how Django empties a database; the
table of words is none that it knows.
"""

from typing import Any

from django.db import migrations

FORWARDS = [
    "ALTER TABLE search_words DROP CONSTRAINT search_words_entry_id_fkey",
    """CREATE FUNCTION search_words_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'TRUNCATE' THEN
            DELETE FROM search_words;
        ELSE
            DELETE FROM search_words WHERE entry_id = old.id;
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER search_words_follow AFTER DELETE ON search_searchentry
    FOR EACH ROW EXECUTE FUNCTION search_words_follow()""",
    """CREATE TRIGGER search_words_empty AFTER TRUNCATE ON search_searchentry
    FOR EACH STATEMENT EXECUTE FUNCTION search_words_follow()""",
]
BACKWARDS = [
    "DROP TRIGGER search_words_empty ON search_searchentry",
    "DROP TRIGGER search_words_follow ON search_searchentry",
    "DROP FUNCTION search_words_follow()",
    """ALTER TABLE search_words ADD CONSTRAINT search_words_entry_id_fkey
    FOREIGN KEY (entry_id) REFERENCES search_searchentry (id) ON DELETE CASCADE""",
]


def forwards(_apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        for statement in FORWARDS:
            editor.execute(statement)


def backwards(_apps: Any, editor: Any) -> None:
    if editor.connection.vendor == "postgresql":
        for statement in BACKWARDS:
            editor.execute(statement)


class Migration(migrations.Migration):
    dependencies = [("search", "0002_words")]
    operations = [migrations.RunPython(forwards, backwards)]
