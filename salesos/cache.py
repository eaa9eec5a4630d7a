"""Django's cache on PostgreSQL, with `add` and `incr` as one atomic statement each.

Django's own database cache reads, then writes; two processes that count together lose counts. Here any number of
processes and machines count as one, and nothing but PostgreSQL has to run. The table is unlogged: quick, and empty
after a crash of the server, as a cache may be.
"""

import pickle
import random
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT, BaseCache

from salesos.database import run, text_array

CULL_ONE_IN = 500
"""One write in so many also deletes expired rows."""


class PostgresCache(BaseCache):
    """Keys and values as in Django's other caches. Whole numbers are stored as such, all else pickled."""

    def __init__(self, table: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        self.table = table

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        rows = run(
            f"SELECT number, pickled FROM {self.table} WHERE key = %s AND expires_at > now()", [self._key(key, version)]
        )
        return _loaded(*rows[0]) if rows else default

    def get_many(self, keys: Iterable[str], version: int | None = None) -> dict[str, Any]:
        names = {self._key(key, version): key for key in keys}
        rows = run(
            f"SELECT key, number, pickled FROM {self.table} WHERE key = ANY (%s::text[]) AND expires_at > now()",
            [text_array(names)],
        )
        return {names[name]: _loaded(number, pickled) for name, number, pickled in rows}

    def add(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        # The sub-select answers for a live row without locking it, which the conflict clause would do.
        return self._written(
            f"""
            INSERT INTO {self.table} AS held (key, number, pickled, expires_at)
            SELECT %(key)s, %(number)s, %(pickled)s, %(expires_at)s
            WHERE NOT EXISTS (SELECT 1 FROM {self.table} WHERE key = %(key)s AND expires_at > now())
            ON CONFLICT (key) DO UPDATE
            SET number = excluded.number, pickled = excluded.pickled, expires_at = excluded.expires_at
            WHERE held.expires_at <= now()
            RETURNING 1
            """,
            self._row(key, value, timeout, version),
        )

    def set(self, key: str, value: Any, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> None:
        self._written(
            f"""
            INSERT INTO {self.table} (key, number, pickled, expires_at)
            VALUES (%(key)s, %(number)s, %(pickled)s, %(expires_at)s)
            ON CONFLICT (key) DO UPDATE
            SET number = excluded.number, pickled = excluded.pickled, expires_at = excluded.expires_at
            RETURNING 1
            """,
            self._row(key, value, timeout, version),
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Raises ValueError when there is no such number, as Django's caches do."""
        rows = run(
            f"UPDATE {self.table} SET number = number + %s WHERE key = %s AND expires_at > now() RETURNING number",
            [delta, self._key(key, version)],
        )
        if not rows or rows[0][0] is None:
            raise ValueError(f"Key '{key}' not found")
        return rows[0][0]

    def touch(self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None) -> bool:
        return bool(
            run(
                f"UPDATE {self.table} SET expires_at = %s WHERE key = %s AND expires_at > now() RETURNING 1",
                [_moment(self.get_backend_timeout(timeout)), self._key(key, version)],
            )
        )

    def delete(self, key: str, version: int | None = None) -> bool:
        return bool(
            run(
                f"DELETE FROM {self.table} WHERE key = %s AND expires_at > now() RETURNING 1",
                [self._key(key, version)],
            )
        )

    def clear(self) -> None:
        run(f"DELETE FROM {self.table}")

    def _key(self, key: str, version: int | None) -> str:
        return self.make_and_validate_key(key, version=version)

    def _row(self, key: str, value: Any, timeout: Any, version: int | None) -> dict[str, Any]:
        is_number = isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63
        return {
            "key": self._key(key, version),
            "number": value if is_number else None,
            "pickled": None if is_number else pickle.dumps(value, pickle.HIGHEST_PROTOCOL),
            "expires_at": _moment(self.get_backend_timeout(timeout)),
        }

    def _written(self, sql: str, row: dict[str, Any]) -> bool:
        if random.randrange(CULL_ONE_IN) == 0:
            run(f"DELETE FROM {self.table} WHERE expires_at <= now()")
        return bool(run(sql, row))


def _loaded(number: int | None, pickled: bytes | None) -> Any:
    return number if pickled is None else pickle.loads(pickled)


def _moment(timestamp: float | None) -> datetime:
    """Django gives the moment of expiry in seconds since 1970, None for never."""
    return (
        datetime.max.replace(tzinfo=UTC) - timedelta(days=1)
        if timestamp is None
        else datetime.fromtimestamp(timestamp, UTC)
    )
