"""Spans of days around today, by the names that addresses use for them."""

from datetime import date, datetime, time, timedelta, tzinfo

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Closed(TextChoices):
    """When a deal was won or lost."""

    MONTH = "month", _("this month")
    LAST_MONTH = "last_month", _("last month")
    QUARTER = "quarter", _("this quarter")
    YEAR = "year", _("this year")
    ALL = "all", _("at any time")


class Expected(TextChoices):
    """When a deal is expected to be won."""

    OVERDUE = "overdue", _("overdue")
    WEEK = "week", _("in the next 7 days")
    MONTH = "month", _("this month")
    NEXT_MONTH = "next_month", _("next month")
    NEVER = "never", _("without a date")


Span = tuple[date | None, date | None]
"""The first day, and the day after the last; None: no bound."""


def closed_span(closed: Closed, *, today: date) -> Span:
    month = today.replace(day=1)
    quarter = month.replace(month=(today.month - 1) // 3 * 3 + 1)
    return {
        Closed.MONTH: (month, _months_after(month, 1)),
        Closed.LAST_MONTH: (_months_after(month, -1), month),
        Closed.QUARTER: (quarter, _months_after(quarter, 3)),
        Closed.YEAR: (date(today.year, 1, 1), date(today.year + 1, 1, 1)),
        Closed.ALL: (None, None),
    }[closed]


def expected_span(expected: Expected, *, today: date) -> Span:
    """Of any but `NEVER`."""
    month = today.replace(day=1)
    return {
        Expected.OVERDUE: (None, today),
        Expected.WEEK: (today, today + timedelta(days=7)),
        Expected.MONTH: (month, _months_after(month, 1)),
        Expected.NEXT_MONTH: (_months_after(month, 1), _months_after(month, 2)),
    }[expected]


def begin_of(day: date, zone: tzinfo) -> datetime:
    """The moment at which the day begins on the clock of `zone`."""
    return datetime.combine(day, time(), zone)


def _months_after(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)
