"""Where sessions are kept: in the database, with a copy in the cache that lasts a minute.

The copy spares the database the reading. It does not last, because nobody can take it away from a
cache that is out of reach when the session ends, nor from one that is being filled just then.
"""

from typing import Any, Final

from django.contrib.sessions.backends import cached_db

COPY_SECONDS: Final = 60


class SessionStore(cached_db.SessionStore):
    """Django's store, whose copies last a minute."""

    def __init__(self, session_key: str | None = None) -> None:
        super().__init__(session_key)
        self._cache: Any = _BriefCopies(self._cache)


class _BriefCopies:
    """A cache that keeps nothing for longer than a minute."""

    def __init__(self, cache: Any) -> None:
        self._cache = cache

    def __contains__(self, key: str) -> bool:
        return key in self._cache

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)

    def set(self, key: str, value: Any, timeout: float) -> None:
        self._cache.set(key, value, min(timeout, COPY_SECONDS))

    async def aset(self, key: str, value: Any, timeout: float) -> None:
        await self._cache.aset(key, value, min(timeout, COPY_SECONDS))
