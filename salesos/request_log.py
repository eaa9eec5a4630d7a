"""The middleware around everything: it names each request, and writes one log row for each API request.

The row is written after the answer is made, in a statement of its own: refused and failed requests are logged, too,
also when the view's transaction rolled back. Where it can't be written the line goes to the process's log instead.
"""

import logging
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse
from django.utils.encoding import iri_to_uri
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from salesos.client_address import client_address
from salesos.database import run
from salesos.models import ApiKey, RequestLog

logger = logging.getLogger("salesos.requests")

NOTED_EVERY = timedelta(minutes=1)
"""A key's “last used” is noted at most so often."""

_TOKEN_LIKE = re.compile(r"sk_(?:live|test)_[0-9A-Za-z]+", re.IGNORECASE)
_BARE_UUID7 = 0x7000_8000_0000_0000_0000
"""Version and variant, all else zero: the least UUID v7 of its millisecond."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class LogEntry:
    """What will be written about a request. Views fill in what they learn: key, action, counts, error code."""

    address: str | None
    id: uuid.UUID = field(default_factory=uuid7)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    started: float = field(default_factory=time.perf_counter)
    key: ApiKey | None = None
    action: str = ""
    error_code: str = ""
    bytes_in: int = 0
    counts: dict[str, int] | None = None


def entry_of(request: HttpRequest) -> LogEntry:
    """The log entry of a request; made on first use, so that a request made by hand has one, too."""
    entry: LogEntry | None = getattr(request, "log_entry", None)
    if entry is None:
        address = client_address(
            request.META.get("REMOTE_ADDR", ""), request.META.get("HTTP_X_FORWARDED_FOR", ""), settings.TRUSTED_PROXIES
        )
        entry = LogEntry(address=str(address) if address else None)
        request.log_entry = entry  # type: ignore[attr-defined]
    return entry


class RequestLogMiddleware:
    """Gives every answer its `X-Request-ID`, and every API request its row."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        entry = entry_of(request)
        response = self.get_response(request)
        response["X-Request-ID"] = str(entry.id)
        if request.path_info.startswith(settings.LOGGED_PREFIXES):
            write(entry, request, response.status_code)
        return response


def write(entry: LogEntry, request: HttpRequest, status: int) -> None:
    """Write the row of an answered request. Never raises: an answer that was earned is given."""
    row = _row(entry, request, status)
    try:
        try:
            _insert(entry, row)
        except (DatabaseError, InterfaceError):
            if connection.in_atomic_block:
                raise
            # The request may have broken its connection, or the server restarted: once more on a new one.
            connection.close()
            _insert(entry, row)
    except (DatabaseError, InterfaceError) as error:
        logger.error("Request not logged (%s): %s", type(error).__name__, row)


def _insert(entry: LogEntry, row: dict[str, Any]) -> None:
    key = entry.key
    # A key that was refused was not used.
    is_used = key is not None and row["status"] != HTTPStatus.UNAUTHORIZED
    is_noted = key is not None and key.last_used_at is not None and entry.at - key.last_used_at < NOTED_EVERY
    run(_NOTE_USE + _INSERT if is_used and not is_noted else _INSERT, row)


def _row(entry: LogEntry, request: HttpRequest, status: int) -> dict[str, Any]:
    return {
        "id": entry.id,
        "at": entry.at,
        "tenant_id": entry.key.tenant_id if entry.key else None,
        "api_key_id": entry.key.pk if entry.key else None,
        "address": entry.address,
        "user_agent": _safe(request.META.get("HTTP_USER_AGENT", ""), 255),
        "method": _safe(request.method or "", 16),
        "path": _safe(iri_to_uri(request.path_info), 255),
        "action": entry.action,
        "status": status,
        "error_code": entry.error_code,
        "duration_ms": round((time.perf_counter() - entry.started) * 1000, 3),
        "bytes_in": entry.bytes_in or _content_length(request),
        "counts": None if entry.counts is None else to_json(entry.counts).decode(),
    }


def _safe(text: str, longest: int) -> str:
    """A caller's text, fit to be kept: no control characters, nothing that looks like a key, cut to length."""
    printable = _CONTROL.sub("", text.encode("utf-8", "replace").decode())
    return _TOKEN_LIKE.sub("sk_…", printable)[:longest]


def _content_length(request: HttpRequest) -> int:
    text = request.META.get("CONTENT_LENGTH") or "0"
    return min(int(text), 2**31 - 1) if text.isdecimal() and len(text) < 20 else 0


def first_id_at(moment: datetime) -> uuid.UUID:
    """The least request id of `moment`. Ids are UUIDs v7, which begin with milliseconds: a range of time is a range of
    ids, and the primary key finds it."""
    return uuid.UUID(int=(int(moment.timestamp() * 1000) << 80) | _BARE_UUID7)


def prune(*, before: datetime, batch: int = 5000) -> Iterator[int]:
    """Delete rows from before a moment, oldest first, a batch a transaction; yields how many each batch deleted.

    May be stopped between batches and begun again at any time.
    """
    while deleted := len(run(_PRUNE, [first_id_at(before), batch])):
        yield deleted


_INSERT = f"""
INSERT INTO salesos_requestlog ({", ".join(RequestLog.COLUMNS)})
VALUES ({", ".join(f"%({name})s" for name in RequestLog.COLUMNS)})
"""

_NOTE_USE = """
WITH noted AS (
    UPDATE salesos_apikey SET last_used_at = %(at)s, last_used_from = %(address)s WHERE id = %(api_key_id)s
)
"""

_PRUNE = """
DELETE FROM salesos_requestlog
WHERE id IN (SELECT id FROM salesos_requestlog WHERE id < %s ORDER BY id LIMIT %s)
RETURNING 1
"""
