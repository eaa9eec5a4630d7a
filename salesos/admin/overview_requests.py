"""The core's part of the overview: requests and refusals, keys that end or run dry, errors on the rise.

For those who may see the request log; others see nothing of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from salesos import request_counts
from salesos.admin.acting import DashboardRequest
from salesos.admin.comparison import Comparison
from salesos.admin.overview import Attention, Contents, Figure, Times
from salesos.api.rate_limit import used_this_hour
from salesos.models import ApiKey
from salesos.request_counts import HOUR, Series
from salesos.request_counts import Figure as Hour
from salesos.roles import AUDITORS

DAY = timedelta(days=1)
SOON = timedelta(days=14)
NEARLY_FULL = 0.8
MOST_KEYS = 500
MOST_NAMED = 3

FEWEST_ERRORS, FEWEST_REQUESTS = 5, 20
"""Below, a day's error rate is chance."""
RISE = 2
"""So many times the rate of the week before, and …"""
LEAST_RISE = 0.05
"""… so much more of all requests."""


def contents(request: DashboardRequest, times: Times) -> Contents:
    if request.role not in AUDITORS:
        return Contents()
    request_counts.bring_up_to_date(request.tenant, now=times.now)
    since = min(times.start_of(times.last_monday), times.now - 8 * DAY)
    series = request_counts.requests_by_hour(request.tenant, since, times.now)
    notes = [] if series.is_complete else [_("Older requests are still being summed up: those figures will grow.")]
    return Contents(
        figures=list(_figures(series, times)),
        attention=[*_keys(times.now), *_errors(series, times.now)],
        notes=notes,
    )


def _figures(series: Series, times: Times) -> Iterator[Figure]:
    log = reverse("admin:salesos_requestlog_changelist")
    for title, counted, href, is_bad in (
        (gettext_lazy("Requests"), "requests", f"{log}?within=week", False),
        (gettext_lazy("Refusals"), "errors", f"{log}?status=4&within=week", True),
    ):
        count = _Counted(series, counted)
        week_ago = times.now - 7 * DAY
        today = Comparison(
            count.between(times.start_of(times.today), times.now),
            count.between(times.start_of(times.same_day), week_ago),
            _("last %(weekday)s by this time") % {"weekday": times.weekday},
        )
        week = Comparison(
            count.between(times.start_of(times.monday), times.now),
            count.between(times.start_of(times.last_monday), week_ago),
            _("last week by this time"),
        )
        yield Figure(title, href, today, week, more_is_worse=is_bad)


@dataclass(frozen=True, slots=True)
class _Counted:
    """One of the figures of hours."""

    series: Series
    name: str

    def between(self, since: datetime, until: datetime) -> int:
        """How many there were; of an hour that was not over by `until`, in the past, its share."""
        return round(sum(self._part(hour, since, until) for hour in self.series.figures))

    def _part(self, hour: Hour, since: datetime, until: datetime) -> float:
        count: int = getattr(hour, self.name)
        if not count or hour.at < since or hour.at >= until:
            return 0
        # The hour that runs has had only what it has had.
        is_running = hour is self.series.figures[-1]
        return count if is_running else count * min((until - hour.at) / HOUR, 1)


def _keys(now: datetime) -> Iterator[Attention]:
    usable = ApiKey.objects.filter(revoked_at=None).filter(Q(expires_at=None) | Q(expires_at__gt=now))
    watched = list(usable.filter(Q(expires_at__lte=now + SOON) | Q(last_used_at__gte=now - HOUR))[:MOST_KEYS])
    ending = sorted(
        ((key.expires_at, key) for key in watched if key.expires_at and key.expires_at <= now + SOON),
        key=lambda pair: pair[0],
    )
    for expires_at, key in ending[:MOST_NAMED]:
        day = date_format(expires_at.astimezone(now.tzinfo), "DATE_FORMAT")
        yield Attention(
            "key_off",
            _("The key “%(name)s” expires on %(day)s.") % {"name": key.name, "day": day},
            gettext_lazy("Rotate or prolong it"),
            reverse("admin:salesos_apikey_change", args=[key.pk]),
        )
    yield from _nearly_full(watched)


def _nearly_full(keys: list[ApiKey]) -> Iterator[Attention]:
    """What the last hour used of the limits; the cache is asked once."""
    counts = used_this_hour(keys)
    used = {key.pk: counts[key.pk] / key.hourly_limit for key in keys}
    full = sorted((key for key in keys if used[key.pk] >= NEARLY_FULL), key=lambda key: -used[key.pk])
    for key in full[:MOST_NAMED]:
        yield Attention(
            "speed",
            _("The key “%(name)s” has used %(per_cent)d %% of its requests of this hour.")
            % {"name": key.name, "per_cent": min(round(100 * used[key.pk]), 100)},
            gettext_lazy("Raise its limit"),
            reverse("admin:salesos_apikey_change", args=[key.pk]),
        )


def _errors(series: Series, now: datetime) -> Iterator[Attention]:
    asked, errors = _Counted(series, "requests"), _Counted(series, "errors")
    recent, failed = asked.between(now - DAY, now), errors.between(now - DAY, now)
    before, failed_before = asked.between(now - 8 * DAY, now - DAY), errors.between(now - 8 * DAY, now - DAY)
    if failed < FEWEST_ERRORS or recent < FEWEST_REQUESTS:
        return
    rate, rate_before = failed / recent, failed_before / before if before else 0
    if rate < RISE * rate_before or rate < rate_before + LEAST_RISE:
        return
    yield Attention(
        "error",
        _("%(rate)d %% of the requests of the last 24 hours were refused or failed, in the week before %(before)d %%.")
        % {"rate": round(100 * rate), "before": round(100 * rate_before)},
        gettext_lazy("See what was refused"),
        f"{reverse('admin:salesos_requestlog_changelist')}?status=4&within=day",
    )
