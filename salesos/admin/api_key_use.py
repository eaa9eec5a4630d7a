"""What is known of how keys are used: the hour against the limit, the days, where requests came from, what breaks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from salesos.admin.charts import Bar, Chart
from salesos.api.rate_limit import used_this_hour
from salesos.keys import EXPIRES_SOON, NEAR_ITS_LIMIT
from salesos.models import ApiKey, Tenant
from salesos.request_counts import (
    Filter,
    Kind,
    Series,
    bring_up_to_date,
    requests_by_hour,
    requests_by_kind,
    requests_of_keys_by_day,
)

DAYS = 30


@dataclass(frozen=True, slots=True)
class HourlyUse:
    """A key's requests of the hour that runs."""

    used: int
    limit: int

    @property
    def is_near_limit(self) -> bool:
        return self.used >= self.limit * NEAR_ITS_LIMIT

    @property
    def percent(self) -> int:
        return min(self.used * 100 // self.limit, 100)


@dataclass(frozen=True, slots=True)
class KeyUse:
    """What a list says of one key."""

    hour: HourlyUse
    days: Chart


def uses_of(tenant: Tenant, keys: Sequence[ApiKey], *, now: datetime) -> dict[int, KeyUse]:
    """By primary key; as many statements for many keys as for one."""
    bring_up_to_date(tenant, now=now, budget_seconds=1.0)
    pks = [key.pk for key in keys]
    days = requests_of_keys_by_day(tenant, now - timedelta(days=DAYS - 1), now, keys=pks)
    used = used_this_hour(keys)
    return {key.pk: KeyUse(HourlyUse(used[key.pk], key.hourly_limit), _sparkline(days[key.pk])) for key in keys}


def _sparkline(series: Series) -> Chart:
    title = _("%(requests)s requests in %(days)d days, %(errors)s refused or failed")
    figures = {"requests": f"{series.requests:,}", "days": len(series.figures), "errors": f"{series.errors:,}"}
    bars = [
        Bar(date_format(timezone.localtime(figure.at), "SHORT_DATE_FORMAT"), figure.requests, part=figure.errors)
        for figure in series.figures
    ]
    return Chart(title % figures, bars)


@dataclass(frozen=True, slots=True)
class ErrorCount:
    status: int
    code: str
    requests: int
    href: str
    """Into the log, at these requests."""


@dataclass(frozen=True, slots=True)
class RecentUse:
    """What a key did lately: what a detail page shows, and what breaks when it is revoked."""

    hour: HourlyUse
    last_day: int
    last_week: int
    actions: list[str]
    errors: list[ErrorCount]
    log: str
    """The address of its requests in the log."""

    @property
    def is_in_use(self) -> bool:
        return self.last_week > 0


def recent_use_of(tenant: Tenant, key: ApiKey, *, now: datetime) -> RecentUse:
    """Of the last seven days. A fixed number of statements."""
    bring_up_to_date(tenant, now=now, budget_seconds=1.0)
    only = Filter(key=key.pk)
    week_ago = now - timedelta(days=7)
    kinds = requests_by_kind(tenant, week_ago, now, only=only)
    actions: dict[str, int] = {}
    for kind in kinds:
        if kind.action and kind.status < 400:
            actions[kind.action] = actions.get(kind.action, 0) + kind.requests
    return RecentUse(
        hour=HourlyUse(used_this_hour([key])[key.pk], key.hourly_limit),
        last_day=requests_by_hour(tenant, now - timedelta(days=1), now, only=only).requests,
        last_week=sum(kind.requests for kind in kinds),
        actions=sorted(actions, key=lambda action: -actions[action]),
        errors=list(_errors(key, kinds)),
        log=log_of(key),
    )


def _errors(key: ApiKey, kinds: Sequence[Kind]) -> Iterator[ErrorCount]:
    sums: dict[tuple[int, str], int] = {}
    for kind in kinds:
        if kind.status >= 400:
            place = (kind.status, kind.error_code)
            sums[place] = sums.get(place, 0) + kind.requests
    for (status, code), requests in sorted(sums.items(), key=lambda each: -each[1]):
        yield ErrorCount(status, code, requests, log_of(key, status=status, error_code=code, within="week"))


def log_of(key: ApiKey, **filters: str | int) -> str:
    given = {name: value for name, value in filters.items() if value != ""}
    return f"{reverse('admin:salesos_requestlog_changelist')}?{urlencode({'key': key.pk, **given})}"


def expires_soon(key: ApiKey, *, now: datetime) -> bool:
    """Whether a key that works now ends within days."""
    return key.is_usable(at=now) and key.expires_at is not None and key.expires_at - now <= EXPIRES_SOON
