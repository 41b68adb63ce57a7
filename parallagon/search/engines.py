"""How each database keeps words and looks for them; the only module that knows either.

Both are given folded words (``words``), and answer alike: all that is wanted and nothing that is
not; first what is in a mission's title, then in a path, then in a text, the best first. PostgreSQL
also knows the stems of French and English words.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

from django.db import connection
from django.db.models import QuerySet

from parallagon.search.models import SearchEntry
from parallagon.search.words import Query, Term

_TABLE = "search_words"
_ENTRY = "search_searchentry"
_TIER = (
    f"CASE WHEN {{hit}} AND {_ENTRY}.kind = 'mission' THEN 0"
    f" WHEN {{hit}} AND {_ENTRY}.kind = 'file' THEN 1 ELSE 2 END"
)
Words = tuple[int, str, str, str]
"""An entry's key, its language, and the folded words of its name and of its text."""


class Engine(Protocol):
    """What a database does for search."""

    def write(self, rows: Sequence[Words]) -> None:
        """Put the words of entries in the place of those they had."""

    def matching(self, entries: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
        """Keep the entries that a query finds, the best first."""


class Fts5:
    """SQLite's FTS5: the words of a row are looked up by an index that knows prefixes too."""

    def write(self, rows: Sequence[Words]) -> None:
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT OR REPLACE INTO {_TABLE} (rowid, name, body) VALUES (%s, %s, %s)",
                [(key, name, body) for key, _language, name, body in rows],
            )

    def matching(self, entries: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
        wanted = " AND ".join(map(self._term, query.wanted))
        match = f"({wanted})" + "".join(f" NOT {self._term(term)}" for term in query.unwanted)
        in_name = f"SELECT rowid FROM {_TABLE} WHERE {_TABLE} MATCH %s"
        hit = f"{_ENTRY}.id IN ({in_name})"
        return entries.extra(
            tables=[_TABLE],
            where=[f"{_TABLE}.rowid = {_ENTRY}.id", f"{_TABLE} MATCH %s"],
            params=[match],
            select={"tier": _TIER.format(hit=hit), "rank": f"bm25({_TABLE}, 4.0, 1.0)"},
            select_params=[f"{{name}} : ({wanted})"] * 2,
        ).order_by("tier", "rank", "-at", "pk")

    @staticmethod
    def _term(term: Term) -> str:
        """Return a phrase; words hold letters and digits only, so that nothing is syntax."""
        return f'"{" ".join(term.words)}"' + (" *" if term.is_prefix else "")


class TextSearch:
    """PostgreSQL's text search: words as they are, for prefixes and phrases, and their stems."""

    languages = {"fr": "french", "en": "english"}

    def write(self, rows: Sequence[Words]) -> None:
        vector = "to_tsvector('simple', %s) || to_tsvector(%s::regconfig, %s)"
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {_TABLE} (entry_id, name, body) VALUES"
                f" (%s, {vector}, setweight({vector}, 'A') || {vector})"
                " ON CONFLICT (entry_id) DO UPDATE SET name = excluded.name, body = excluded.body",
                [
                    (key, name, stems, name, name, stems, name, body, stems, body)
                    for key, language, name, body in rows
                    for stems in [self.languages.get(language, "simple")]
                ],
            )

    def matching(self, entries: QuerySet[SearchEntry], query: Query) -> QuerySet[SearchEntry]:
        wanted = [self._term(term) for term in query.wanted]
        query_sql = " && ".join(sql for sql, _params in wanted)
        params: list[Any] = [param for _sql, params in wanted for param in params]
        unwanted = "".join(" && !!(%s::tsquery)" for _term in query.unwanted)
        without = [self._exact(term) for term in query.unwanted]
        hit = f"{_TABLE}.name @@ ({query_sql})"
        rank = f"-ts_rank({_TABLE}.body, {query_sql})"
        return entries.extra(
            tables=[_TABLE],
            where=[
                f"{_TABLE}.entry_id = {_ENTRY}.id",
                f"{_TABLE}.body @@ ({query_sql}{unwanted})",
            ],
            params=[*params, *without],
            select={"tier": _TIER.format(hit=hit), "rank": rank},
            select_params=params * 3,
        ).order_by("tier", "rank", "-at", "pk")

    def _term(self, term: Term) -> tuple[str, list[str]]:
        """Return a term as it is, or as its stem, with the parameters of both."""
        if len(term.words) > 1:
            return "%s::tsquery", [self._exact(term)]
        stems = "".join(f" || plainto_tsquery('{name}', %s)" for name in self.languages.values())
        return f"(%s::tsquery{stems})", [self._exact(term), *term.words * len(self.languages)]

    @staticmethod
    def _exact(term: Term) -> str:
        """Return a phrase; words hold letters and digits only, so that nothing is syntax."""
        phrase = " <-> ".join(f"'{word}'" for word in term.words)
        return phrase + (":*" if term.is_prefix else "")


@cache
def engine() -> Engine:
    """Return what the database of this installation can do."""
    return TextSearch() if connection.vendor == "postgresql" else Fts5()
