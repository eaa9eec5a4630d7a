"""The chart over the request log, in which a time is chosen: by dragging over bars, or by a bar's own link."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from salesos.admin.charts import Bar, Chart
from salesos.models import Tenant
from salesos.moments import shown_moment
from salesos.request_counts import Series, requests_by_day, requests_by_hour
from salesos.request_search import Search

BY_HOUR = timedelta(days=4)
"""Up to so long a time is drawn by hour."""

USUAL = timedelta(days=30)
LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class BrushBar:
    """A bar's time, as the address of the log takes it, and the link to it."""

    drawn: object
    since: str
    until: str
    href: str


@dataclass(frozen=True, slots=True)
class BrushChart:
    chart: Chart
    bars: list[BrushBar]
    is_complete: bool
    ignores_filters: bool
    """Something is looked for that the sums by hour don't know."""
    is_cut: bool
    """Older than the longest time that is drawn."""


def brush_chart(tenant: Tenant, search: Search, filters: Mapping[str, str], *, now: datetime) -> BrushChart:
    """`filters`: the log's address as it is; a bar's link replaces its time."""
    until = min(search.until, now) if search.until else now
    since = search.since or until - USUAL
    is_cut = until - since > LONGEST
    since = min(max(since, until - LONGEST), until)
    by_hour = until - since <= BY_HOUR
    series = (requests_by_hour if by_hour else requests_by_day)(tenant, since, until, only=search.only)
    chart = Chart(
        _("Requests by hour") if by_hour else _("Requests by day"),
        [_bar(series, number, by_hour) for number in range(len(series.figures))],
        value_title=_("Requests"),
        part_title=_("Refused or failed"),
    )
    bounds = [*(figure.at for figure in series.figures), series.until]
    links = [_linked(drawn, *times, filters) for drawn, times in zip(chart.drawn, pairwise(bounds), strict=True)]
    return BrushChart(chart, links, series.is_complete, search.ignored_by_sums, is_cut)


def _bar(series: Series, number: int, by_hour: bool) -> Bar:
    figure = series.figures[number]
    at = timezone.localtime(figure.at)
    label = shown_moment(at) if by_hour else date_format(at, "SHORT_DATE_FORMAT")
    return Bar(label, figure.requests, part=figure.errors, at=figure.at)


def _linked(drawn: object, since: datetime, until: datetime, filters: Mapping[str, str]) -> BrushBar:
    begins, ends = (timezone.localtime(moment).isoformat(timespec="minutes") for moment in (since, until))
    kept = {name: value for name, value in filters.items() if name not in ("within", "from", "to")}
    query = urlencode({**kept, "from": begins, "to": ends})
    return BrushBar(drawn, begins, ends, f"{reverse('admin:salesos_requestlog_changelist')}?{query}")
