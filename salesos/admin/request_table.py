"""Requests as a table: the same on the tenant's log and on the platform's list of unrecognised ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from salesos.models import RequestLog
from salesos.moments import shown_moment

COUNTS: dict[str, StrPromise] = {
    "processed": _("processed"),
    "created": _("created"),
    "existing": _("existing"),
    "skipped": _("skipped"),
    "duplicates": _("duplicates"),
    "errors": _("errors"),
}
"""What an integration counts, in the order of interest; `total` is their sum."""


@dataclass(frozen=True, slots=True)
class Status:
    text: str
    kind: str
    """done, refused or failed"""


@dataclass(frozen=True, slots=True)
class TableRow:
    request: RequestLog
    at: str
    href: str
    status: Status
    action: str
    key: str
    items: str


@dataclass(frozen=True, slots=True)
class Table:
    rows: Sequence[TableRow]
    of_strangers: bool


def table_of(rows: Sequence[RequestLog], keys: Mapping[int, str], *, of_strangers: bool = False) -> Table:
    """`keys`: names by primary key. Those of strangers have no key, no items and no page of their own."""
    return Table([_row(row, keys, of_strangers) for row in rows], of_strangers)


def _row(row: RequestLog, keys: Mapping[int, str], of_strangers: bool) -> TableRow:
    return TableRow(
        row,
        at=shown_moment(row.at, seconds=True),
        href="" if of_strangers else reverse("admin:salesos_requestlog_change", args=[row.pk]),
        status=_status(row),
        action=row.action or f"{row.method} {row.path}",
        key=keys.get(row.api_key_id or 0, ""),
        items=" · ".join(f"{title} {count}" for title, count in counted_items(row) if count),
    )


def _status(row: RequestLog) -> Status:
    kind = "done" if row.status < HTTPStatus.BAD_REQUEST else "refused" if row.status < 500 else "failed"
    return Status(f"{row.status} {row.error_code}".strip(), kind)


def counted_items(row: RequestLog) -> list[tuple[StrPromise | str, int]]:
    """What became of the request's items: (in words, how many)."""
    counts = row.counts if isinstance(row.counts, dict) else {}
    return [(title, counts[name]) for name, title in COUNTS.items() if isinstance(counts.get(name), int)]
