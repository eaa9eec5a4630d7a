"""Searching a tenant's request log, quick however long it is: never counted, read a bounded part at a time.

A search reads ranges of ids, which are ranges of time, newest first. What the sums by hour know (key, status, error
code, action) leads straight to the hours that have such requests; the rest is looked at row by row, until the page is
full or a budget is spent. Then the page says how far it came, and the next one goes on from there.
"""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Self
from uuid import UUID

from django.db.models import Q, QuerySet

from salesos.client_address import Network
from salesos.models import RequestCount, RequestLog, Tenant
from salesos.request_counts import HOUR, Filter, counted_until
from salesos.request_log import first_id_at

PAGE = 50
CHUNK = 20_000
"""Rows that one statement looks at."""

MOST_LOOKED_AT = 1_000_000
MOST_SECONDS = 1.0
EXPORTED_CHUNK = 2_000
MOST_HOURS = 20_000
"""Hours that the sums are asked for; what is older is looked at row by row."""

FIRST, LAST = UUID(int=0), UUID(int=2**128 - 1)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; None: any."""

    only: Filter = field(default_factory=Filter)
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    request_id: UUID | None = None
    network: Network | None = None
    least_ms: float | None = None
    most_ms: float | None = None

    @property
    def condition(self) -> Q:
        """All but the time and the request's id, which are ranges of the index."""
        given = {
            "api_key": self.only.key,
            "action": self.only.action,
            "error_code": self.only.error_code,
            "duration_ms__gte": self.least_ms,
            "duration_ms__lte": self.most_ms,
        }
        condition = Q(**{name: value for name, value in given.items() if value is not None})
        if self.only.status is not None:
            condition &= _has_status(self.only.status)
        if self.network is not None:
            condition &= Q(address__gte=str(self.network[0]), address__lte=str(self.network[-1]))
        return condition

    @property
    def span(self) -> "Span":
        if self.request_id is not None:
            return Span(self.request_id, UUID(int=min(self.request_id.int + 1, LAST.int)))
        return Span(
            first_id_at(self.since) if self.since else FIRST,
            first_id_at(self.until) if self.until else LAST,
        )

    @property
    def is_known_to_sums(self) -> bool:
        """Whether the sums by hour can tell where there is anything to find."""
        return self.only != Filter()

    @property
    def ignored_by_sums(self) -> bool:
        """Whether it asks for something that the sums by hour don't know."""
        return any(given is not None for given in (self.request_id, self.network, self.least_ms, self.most_ms))


def _has_status(status: int) -> Q:
    return Q(status=status) if status >= 10 else Q(status__gte=status * 100, status__lt=status * 100 + 100)


@dataclass(frozen=True, slots=True)
class Span:
    """Request ids from `low` to before `high`."""

    low: UUID
    high: UUID

    @property
    def is_empty(self) -> bool:
        return self.low >= self.high

    def within(self, other: Self) -> "Span":
        return Span(max(self.low, other.low), min(self.high, other.high))

    def rows(self) -> QuerySet[RequestLog]:
        return RequestLog.objects.filter(id__gte=self.low, id__lt=self.high)


@dataclass(frozen=True, slots=True)
class Page:
    """A page of requests, newest first."""

    rows: Sequence[RequestLog]
    before: UUID | None = None
    """The older page's place; None when there is no older one."""
    after: UUID | None = None
    """The newer page's place."""
    searched_to: datetime | None = None
    """The page is not full since its budget was spent: how far back (or forth) it came."""


def find_page(tenant: Tenant, search: Search, *, before: UUID | None = None, after: UUID | None = None) -> Page:
    """The newest page of what `search` finds, the one older than `before`, or the one newer than `after`."""
    if after is not None:
        page = _newer_page(tenant, search, after)
        if page is not None:
            return page
    whole = search.span if before is None else search.span.within(Span(FIRST, before))
    rows, stopped_at = _found(tenant, search, whole, most=PAGE + 1, forwards=False)
    shown = rows[:PAGE]
    return Page(
        shown,
        before=shown[-1].id if len(rows) > PAGE else stopped_at,
        after=shown[0].id if shown and before is not None else None,
        searched_to=moment_of(stopped_at) if stopped_at else None,
    )


def _newer_page(tenant: Tenant, search: Search, after: UUID) -> Page | None:
    """None when so few requests are newer that the newest page shows them all."""
    whole = search.span.within(Span(UUID(int=min(after.int + 1, LAST.int)), LAST))
    rows, stopped_at = _found(tenant, search, whole, most=PAGE + 1, forwards=True)
    if len(rows) <= PAGE and stopped_at is None:
        return None
    shown = rows[:PAGE][::-1]
    newest = shown[0].id if len(rows) > PAGE else stopped_at
    return Page(
        shown,
        before=shown[-1].id if shown else after,
        after=newest,
        searched_to=moment_of(stopped_at) if stopped_at else None,
    )


def every_row(tenant: Tenant, search: Search) -> Iterator[RequestLog]:
    """All that `search` finds, newest first, read in chunks: no statement is long, and none holds much."""
    for span in _spans(tenant, search, search.span):
        for chunk in _chunks(span, EXPORTED_CHUNK, forwards=False):
            yield from chunk.rows().filter(search.condition).order_by("-id")


def moment_of(request_id: UUID) -> datetime:
    """When the request of this id began."""
    milliseconds = request_id.int >> 80
    # Further lies no calendar; such an id names no request.
    return datetime.fromtimestamp(min(milliseconds / 1000, 32_503_680_000), UTC)


def _found(
    tenant: Tenant, search: Search, whole: Span, *, most: int, forwards: bool
) -> tuple[list[RequestLog], UUID | None]:
    """At most `most` rows, and where the search stopped when its budget was spent before the end."""
    order = "id" if forwards else "-id"
    if search.condition == Q():
        return list(whole.rows().order_by(order)[:most]), None
    found: list[RequestLog] = []
    spans = _spans(tenant, search, whole)
    stop, looked_at = time.monotonic() + MOST_SECONDS, 0
    for span in reversed(spans) if forwards else spans:
        for chunk in _chunks(span, CHUNK, forwards=forwards):
            if looked_at >= MOST_LOOKED_AT or (looked_at and time.monotonic() >= stop):
                return found, UUID(int=chunk.low.int - 1) if forwards else chunk.high
            found += chunk.rows().filter(search.condition).order_by(order)[: most - len(found)]
            if len(found) == most:
                return found, None
            is_last = chunk.high == span.high if forwards else chunk.low == span.low
            looked_at += 1 if is_last else CHUNK
    return found, None


def _chunks(span: Span, size: int, *, forwards: bool) -> Iterator[Span]:
    """The span in parts of about `size` rows each, in the order of the search. A statement a part."""
    while not span.is_empty:
        order = "id" if forwards else "-id"
        edge = span.rows().order_by(order).values_list("id", flat=True)[size : size + 1].first()
        if edge is None:
            yield span
            return
        if forwards:
            yield Span(span.low, edge)
            span = Span(edge, span.high)
        else:
            beyond = UUID(int=edge.int + 1)
            yield Span(beyond, span.high)
            span = Span(span.low, beyond)


def _spans(tenant: Tenant, search: Search, whole: Span) -> list[Span]:
    """Where in `whole` there may be something to find, newest first."""
    if not search.is_known_to_sums or search.request_id is not None:
        return [whole]
    counted = counted_until(tenant)
    if counted is None:
        return [whole]
    summed = whole.within(Span(FIRST, first_id_at(counted)))
    spans = [whole.within(Span(first_id_at(counted), LAST)), *_hours_with_any(search, summed)]
    return [span for span in spans if not span.is_empty]


def _hours_with_any(search: Search, summed: Span) -> Iterable[Span]:
    if summed.is_empty:
        return []
    hours = RequestCount.objects.filter(replace(search, least_ms=None, most_ms=None, network=None).condition)
    hours = hours.filter(hour__gt=moment_of(summed.low) - HOUR, hour__lt=moment_of(summed.high))
    starts = list(hours.order_by("-hour").values_list("hour", flat=True).distinct()[:MOST_HOURS])
    found = [span.within(summed) for span in _joined(starts)]
    if len(starts) == MOST_HOURS:
        found.append(summed.within(Span(FIRST, first_id_at(starts[-1]))))
    return found


def _joined(starts: Sequence[datetime]) -> Iterator[Span]:
    """Hours, newest first, as spans; those that follow each other as one."""
    if not starts:
        return
    newest = starts[0]
    for later, earlier in pairwise(starts):
        if later - earlier > HOUR:
            yield Span(first_id_at(later), first_id_at(newest + HOUR))
            newest = earlier
    yield Span(first_id_at(starts[-1]), first_id_at(newest + HOUR))
