"""Pages of big tables by keyset: each begins behind an id of the one before, and nothing is ever counted or skipped."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet
from django.http import QueryDict

PAGE = 50
CHUNK = 500
LARGEST_ID = 2**63 - 1

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, newest first. `newer` and `older` are the query strings of the pages beside it, "" where there is none."""

    rows: list[Row]
    newer: str
    older: str


def page_of(rows: QuerySet[Row], query: QueryDict, *, size: int = PAGE) -> Page[Row]:
    """The page of `rows` that `query` asks for by `before` or `after` an id; what is no id asks for the newest. The
    other parameters stay in the links. One statement."""
    before, after = _id(query.get("before")), _id(query.get("after"))
    if after is not None:
        found = list(rows.filter(pk__gt=after).order_by("pk")[: size + 1])
        has_newer, has_older = len(found) > size, True
        shown = found[:size][::-1]
    else:
        found = list((rows.filter(pk__lt=before) if before is not None else rows).order_by("-pk")[: size + 1])
        has_newer, has_older = before is not None, len(found) > size
        shown = found[:size]
    return Page(
        shown,
        _beside(query, "after", shown[0] if shown and has_newer else None),
        _beside(query, "before", shown[-1] if shown and has_older else None),
    )


def all_of(rows: QuerySet[Row]) -> Iterator[Row]:
    """All `rows`, newest first, read in chunks by keyset: no cursor stays open, however long the reader takes."""
    rows = rows.order_by("-pk")
    chunk = list(rows[:CHUNK])
    while chunk:
        yield from chunk
        chunk = list(rows.filter(pk__lt=chunk[-1].pk)[:CHUNK]) if len(chunk) == CHUNK else []


def _id(text: str | None) -> int | None:
    if not text or not (text.isascii() and text.isdecimal()) or len(text) > 19:
        return None
    return min(int(text), LARGEST_ID)


def _beside(query: QueryDict, side: str, row: Any) -> str:
    if row is None:
        return ""
    other = query.copy()
    for name in ("before", "after", "export"):
        other.pop(name, None)
    other[side] = str(row.pk)
    return f"?{other.urlencode()}"
