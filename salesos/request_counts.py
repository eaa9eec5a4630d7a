"""How many requests there were, by hour or by day: from sums of the request log, which outlive it, and the log's end.

Whoever shows figures calls `bring_up_to_date()` first, then asks (`requests_by_hour()`, `requests_by_day()`, …); both
are for the dashboard and for commands, never for the API's own requests. A figure joins the sums with a live count of
what came after them.

An hour is one of UTC. In a zone that is off by half an hour, the hour in which a day begins counts for the day before
once it is summed.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from django.db import transaction

from salesos.database import array, run
from salesos.models import Tenant
from salesos.request_log import first_id_at

HOUR = timedelta(hours=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
"""Nothing is older."""

SETTLED = timedelta(minutes=15)
"""A row is written when its request ends, under an id from when it began. So long after its end an hour is complete."""

MOST_HOURS = 24 * 14
"""In one transaction of summing up."""

QUICK_SECONDS = 0.1
MOST_LIVE = 200_000
"""So many of the newest rows that are not yet summed are counted live; beyond, figures say that they are incomplete."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which requests are meant; None: any."""

    key: int | None = None
    """The primary key of an `ApiKey`."""
    action: str | None = None
    status: int | None = None
    """A status, or the first digit of a class of them: 4 for 400 to 499."""
    error_code: str | None = None


@dataclass(frozen=True, slots=True)
class Figure:
    """Requests of an hour or a day that begins at `at` (aware, in the tenant's zone)."""

    at: datetime
    requests: int = 0
    refused: int = 0
    """Of them with a status of 400 to 499."""
    failed: int = 0
    """Of them with a status of 500 and above."""
    duration_ms: float = 0.0
    """Of all of them together."""

    @property
    def errors(self) -> int:
        return self.refused + self.failed


@dataclass(frozen=True, slots=True)
class Series:
    """A figure for every hour or day of a time without gaps, oldest first."""

    figures: tuple[Figure, ...]
    until: datetime
    """The end of the last one."""
    is_complete: bool = True
    """False while older requests are still to be summed up."""

    @property
    def requests(self) -> int:
        return sum(figure.requests for figure in self.figures)

    @property
    def errors(self) -> int:
        return sum(figure.errors for figure in self.figures)


@dataclass(frozen=True, slots=True)
class Kind:
    """Requests that had an action, a status and an error code in common."""

    action: str
    status: int
    error_code: str
    requests: int


def bring_up_to_date(tenant: Tenant, *, now: datetime, budget_seconds: float | None = 2.0) -> datetime:
    """Sum up the tenant's log to the newest complete hour; returns until when it is summed.

    Stops after about `budget_seconds`, and at once while somebody else sums up the same tenant; the next call goes on
    from there. With None it waits for the other one and goes on to the end. One statement when there is nothing to do.
    """
    target = whole_hour(now - SETTLED)
    until = counted_until(tenant)
    stop = None if budget_seconds is None else time.monotonic() + budget_seconds
    hours = 1
    while until is None or until < target:
        began = time.monotonic()
        moved = _sum_up(tenant, target, hours, waits=stop is None)
        if moved is None:
            break
        until, took = moved, time.monotonic() - began
        hours = min(hours * 2, MOST_HOURS) if took < QUICK_SECONDS else max(hours // 2, 1)
        if stop is not None and time.monotonic() >= stop:
            break
    # Nobody has summed up anything, and somebody is about to.
    return until or LONG_AGO


def counted_until(tenant: Tenant) -> datetime | None:
    """Until when the tenant's log is summed up; None before the first time."""
    rows = run("SELECT until FROM salesos_requestscounted WHERE tenant_id = %s", [tenant.pk])
    return rows[0][0] if rows else None


def requests_by_hour(tenant: Tenant, since: datetime, until: datetime, *, only: Filter | None = None) -> Series:
    """Every hour that lies at least in part between `since` and `until`. Three statements."""
    return _series(tenant, _hours(tenant, since, until), only or Filter())


def requests_by_day(tenant: Tenant, since: datetime, until: datetime, *, only: Filter | None = None) -> Series:
    """Every day of the tenant's zone that lies at least in part between `since` and `until`. Three statements."""
    return _series(tenant, _days(tenant, since, until), only or Filter())


def requests_of_keys_by_day(
    tenant: Tenant, since: datetime, until: datetime, *, keys: Sequence[int]
) -> dict[int, Series]:
    """`requests_by_day` of each of several keys (their primary keys), in the same three statements."""
    bounds = _days(tenant, since, until)
    sums, is_complete = _sums(tenant, bounds, Filter(), by="api_key_id", keys=keys)
    of_key: dict[int, dict[int, _Sum]] = defaultdict(dict)
    for (place, key), each in sums.items():
        of_key[key][place] = each
    return {key: _filled(bounds, of_key[key], is_complete) for key in keys}


def requests_by_kind(
    tenant: Tenant, since: datetime, until: datetime, *, only: Filter | None = None
) -> tuple[Kind, ...]:
    """The kinds of requests in the hours between `since` and `until`, the most frequent first. Three statements."""
    bounds = (whole_hour(since), _next_hour(until))
    sums, _is_complete = _sums(tenant, bounds, only or Filter(), by="action, status, error_code")
    kinds = [
        Kind(action, status, error_code, each.requests) for (_place, action, status, error_code), each in sums.items()
    ]
    return tuple(sorted(kinds, key=lambda kind: (-kind.requests, kind.action, kind.status, kind.error_code)))


def whole_hour(moment: datetime) -> datetime:
    """The beginning of the moment's hour, in UTC."""
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


@transaction.atomic
def _sum_up(tenant: Tenant, target: datetime, hours: int, *, waits: bool) -> datetime | None:
    """Sum up the next `hours` with requests in them; returns until when, or None when somebody else is at it."""
    run(_BEGIN, [tenant.pk, LONG_AGO])
    rows = run(_LOCK + ("" if waits else " SKIP LOCKED"), [tenant.pk])
    if not rows:
        return None
    until: datetime = rows[0][0]
    until = max(until, min(_hour_of_next_row(tenant, until) or target, target))
    bounds = list(_every_hour(until, min(until + hours * HOUR, target)))
    if len(bounds) > 1:
        run(
            _SUM_UP,
            {
                "tenant": tenant.pk,
                "hours": array(hour.isoformat() for hour in bounds),
                "ids": array(map(first_id_at, bounds)),
                "first": first_id_at(bounds[0]),
                "end": first_id_at(bounds[-1]),
            },
            prepare=False,
        )
    run("UPDATE salesos_requestscounted SET until = %s WHERE tenant_id = %s", [bounds[-1], tenant.pk])
    return bounds[-1]


def _hour_of_next_row(tenant: Tenant, until: datetime) -> datetime | None:
    rows = run(
        "SELECT id FROM salesos_requestlog WHERE tenant_id = %s AND id >= %s ORDER BY id LIMIT 1",
        [tenant.pk, first_id_at(until)],
        prepare=False,
    )
    return whole_hour(datetime.fromtimestamp((rows[0][0].int >> 80) / 1000, UTC)) if rows else None


@dataclass(slots=True)
class _Sum:
    requests: int = 0
    refused: int = 0
    failed: int = 0
    duration_ms: float = 0.0

    def add(self, row: Sequence[Any]) -> Self:
        self.requests += row[0]
        self.refused += row[1]
        self.failed += row[2]
        self.duration_ms += row[3]
        return self


def _series(tenant: Tenant, bounds: Sequence[datetime], only: Filter) -> Series:
    sums, is_complete = _sums(tenant, bounds, only)
    return _filled(bounds, {place: each for (place,), each in sums.items()}, is_complete)


def _filled(bounds: Sequence[datetime], sums: Mapping[int, _Sum], is_complete: bool) -> Series:
    nothing = _Sum()
    figures = []
    for place, at in enumerate(bounds[:-1]):
        each = sums.get(place, nothing)
        figures.append(Figure(at, each.requests, each.refused, each.failed, each.duration_ms))
    return Series(tuple(figures), bounds[-1], is_complete)


def _sums(
    tenant: Tenant, bounds: Sequence[datetime], only: Filter, *, by: str = "", keys: Sequence[int] | None = None
) -> tuple[dict[tuple[Any, ...], _Sum], bool]:
    """(place between the bounds, *the columns of `by`) → sum, and whether nothing is missing."""
    counted = counted_until(tenant) or LONG_AGO
    asked = _Asked(tenant, bounds, only, by, keys)
    sums: dict[tuple[Any, ...], _Sum] = defaultdict(_Sum)
    if counted > bounds[0]:
        for row in asked.of_sums(min(counted, bounds[-1])):
            sums[row[:-4]].add(row[-4:])
    looked_at = 0
    if counted < bounds[-1]:
        for row in asked.of_log(max(counted, bounds[0])):
            looked_at = row[0]
            sums[row[1:-4]].add(row[-4:])
    return {key: each for key, each in sums.items() if each.requests}, looked_at < MOST_LIVE


@dataclass(slots=True)
class _Asked:
    """One question about the requests between bounds, to be asked of the sums and of the log."""

    tenant: Tenant
    bounds: Sequence[datetime]
    only: Filter
    by: str
    keys: Sequence[int] | None
    _where: list[str] = field(default_factory=list)
    _values: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._values["tenant"] = self.tenant.pk
        self._narrow("api_key_id = ANY (%(keys)s::bigint[])", "keys", None if self.keys is None else array(self.keys))
        self._narrow("api_key_id = %(key)s", "key", self.only.key)
        self._narrow("action = %(action)s", "action", self.only.action)
        self._narrow("error_code = %(error_code)s", "error_code", self.only.error_code)
        status = self.only.status
        is_class = status is not None and status < 10
        self._narrow("status / 100 = %(status)s" if is_class else "status = %(status)s", "status", status)

    def _narrow(self, condition: str, name: str, value: Any) -> None:
        if value is not None:
            self._where.append(condition)
            self._values[name] = value

    @property
    def _columns(self) -> str:
        return f", {self.by}" if self.by else ""

    def of_sums(self, until: datetime) -> list[tuple[Any, ...]]:
        """(place, *by, requests, refused, failed, duration)"""
        where = " AND ".join(["tenant_id = %(tenant)s AND hour >= %(first)s AND hour < %(end)s", *self._where])
        places = {"bounds": array(bound.isoformat() for bound in self.bounds), "first": self.bounds[0], "end": until}
        sql = f"""
            SELECT width_bucket(hour, %(bounds)s::timestamptz[]) - 1 AS place{self._columns},
                sum(requests), coalesce(sum(requests) FILTER (WHERE status / 100 = 4), 0),
                coalesce(sum(requests) FILTER (WHERE status >= 500), 0), sum(duration_ms)
            FROM salesos_requestcount WHERE {where} GROUP BY place{self._columns}
        """
        return run(sql, {**self._values, **places}, prepare=False)

    def of_log(self, since: datetime) -> list[tuple[Any, ...]]:
        """(rows looked at, place, *by, requests, refused, failed, duration); also groups without any such request."""
        where = " AND ".join(self._where) or "true"
        places = {
            "bounds": array(map(first_id_at, self.bounds)),
            "first": first_id_at(since),
            "end": first_id_at(self.bounds[-1]),
            "most": MOST_LIVE,
        }
        sql = f"""
            WITH newest AS MATERIALIZED (
                SELECT id, api_key_id, action, status, error_code, duration_ms FROM salesos_requestlog
                WHERE tenant_id = %(tenant)s AND id >= %(first)s AND id < %(end)s ORDER BY id DESC LIMIT %(most)s
            )
            SELECT (SELECT count(*) FROM newest), width_bucket(id, %(bounds)s::uuid[]) - 1 AS place{self._columns},
                count(*) FILTER (WHERE {where}), count(*) FILTER (WHERE status / 100 = 4 AND {where}),
                count(*) FILTER (WHERE status >= 500 AND {where}),
                coalesce(sum(duration_ms) FILTER (WHERE {where}), 0)
            FROM newest GROUP BY place{self._columns}
        """
        return run(sql, {**self._values, **places}, prepare=False)


def _hours(tenant: Tenant, since: datetime, until: datetime) -> list[datetime]:
    hours = _every_hour(whole_hour(since), max(_next_hour(until), whole_hour(since) + HOUR))
    return [hour.astimezone(tenant.zone) for hour in hours]


def _days(tenant: Tenant, since: datetime, until: datetime) -> list[datetime]:
    """The midnights of the tenant's zone around the time, the one after it included."""
    day = since.astimezone(tenant.zone).date()
    last = max((until.astimezone(tenant.zone) - timedelta(microseconds=1)).date(), day)
    return [_midnight(tenant, day + timedelta(days=n)) for n in range((last - day).days + 2)]


def _midnight(tenant: Tenant, day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=tenant.zone)


def _next_hour(moment: datetime) -> datetime:
    """The moment itself when it is a whole hour."""
    hour = whole_hour(moment)
    return hour if hour == moment.astimezone(UTC) else hour + HOUR


def _every_hour(first: datetime, last: datetime) -> Iterator[datetime]:
    """Both included."""
    while first <= last:
        yield first
        first += HOUR


_BEGIN = """
INSERT INTO salesos_requestscounted (tenant_id, until) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""
_LOCK = "SELECT until FROM salesos_requestscounted WHERE tenant_id = %s FOR UPDATE"

# What was summed before is the same again: an hour is summed whole.
_SUM_UP = """
INSERT INTO salesos_requestcount AS held
    (tenant_id, hour, api_key_id, action, status, error_code, requests, duration_ms)
SELECT %(tenant)s, (%(hours)s::timestamptz[])[width_bucket(id, %(ids)s::uuid[])] AS hour,
    api_key_id, action, status, error_code, count(*), sum(duration_ms)
FROM salesos_requestlog WHERE tenant_id = %(tenant)s AND id >= %(first)s AND id < %(end)s
GROUP BY hour, api_key_id, action, status, error_code
ON CONFLICT ON CONSTRAINT request_count_unique
DO UPDATE SET requests = excluded.requests, duration_ms = excluded.duration_ms
"""
