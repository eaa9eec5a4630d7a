"""Days, weeks, months and quarters as half-open windows in a tenant's zone: the only file that adds days.

A day is always one of the tenant's zone (`Activity.day`, `Score.day`), so that nothing here meets a clock that is put
forward or back: `day_of` cuts moments into days, and windows are made of days. Weeks are ISO weeks, Monday first.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

from salesos.errors import Refused
from salesos.models import Tenant

DAY = timedelta(days=1)
WEEK = timedelta(days=7)


class Period(TextChoices):
    """What a leaderboard can be asked for, by its name in URLs and on the command line."""

    TODAY = "today", _("Today")
    WEEK = "week", _("This week")
    MONTH = "month", _("This month")
    QUARTER = "quarter", _("This quarter")
    ALL = "all", _("All time")
    CUSTOM = "custom", _("Custom")


@dataclass(frozen=True, slots=True)
class Window:
    """The days from `start` up to, and without, `end`; None is open. `period` tells which window comes before."""

    start: date | None
    end: date | None
    period: Period = field(default=Period.CUSTOM, compare=False)

    def __contains__(self, day: date) -> bool:
        return (self.start is None or self.start <= day) and (self.end is None or day < self.end)


def day_of(moment: datetime, zone: tzinfo) -> date:
    """The day on the calendar of `zone` when `moment` happens. `moment` must be aware."""
    if moment.tzinfo is None:
        raise ValueError("A moment without a zone belongs to no day.")
    return moment.astimezone(zone).date()


def today_in(tenant: Tenant, at: datetime) -> date:
    """The tenant's day at the moment `at` (aware)."""
    return day_of(at, tenant.zone)


def window(period: Period, *, today: date, first: date | None = None, last: date | None = None) -> Window:
    """The window of `period` that holds `today`.

    `first` and `last` count for `Period.CUSTOM` alone: both days are part of the window, and either may be left open.
    Raises `Refused` when they are the wrong way round.
    """
    if period == Period.CUSTOM:
        return _custom(first, last)
    if period == Period.ALL:
        return Window(None, None, Period.ALL)
    start = _start(period, today)
    return Window(start, _next_start(period, start), Period(period))


def window_before(window: Window) -> Window | None:
    """The period before: yesterday, last week, last month, last quarter; of a custom window the equally long one that
    ends where it starts. None for all time, and where a custom window is open or nothing can come before it."""
    if window.start is None or window.end is None:
        return None
    if window.period == Period.CUSTOM:
        length = window.end - window.start
        # A calendar starts with the year 1: dates come from a query string and may be anything.
        return Window(window.start - length, window.start) if window.start - date.min >= length else None
    if window.start == date.min:
        return None
    return Window(_start(window.period, window.start - DAY), window.start, window.period)


def last_days(count: int, *, today: date) -> Window:
    """The last `count` days, today included."""
    return Window(today - (count - 1) * DAY, today + DAY)


def _custom(first: date | None, last: date | None) -> Window:
    if first is not None and last is not None and last < first:
        raise Refused("dates_reversed", _("The last day is before the first."), field="last")
    # Nothing comes after the last day of the calendar: a window up to it is open.
    return Window(first, None if last is None or last == date.max else last + DAY)


def _start(period: Period, day: date) -> date:
    """The first day of the `period` that holds `day`."""
    if period == Period.TODAY:
        return day
    if period == Period.WEEK:
        return day - day.weekday() * DAY
    if period == Period.MONTH:
        return day.replace(day=1)
    return date(day.year, day.month - (day.month - 1) % 3, 1)


def _next_start(period: Period, start: date) -> date:
    """The first day of the period after the one that starts on `start`."""
    if period == Period.TODAY:
        return start + DAY
    if period == Period.WEEK:
        return start + WEEK
    # Longer than the period, shorter than two of them.
    within_the_next = start + (40 if period == Period.MONTH else 100) * DAY
    return _start(period, within_the_next)
