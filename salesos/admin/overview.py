"""The overview: figures, charts, panels and what needs attention, contributed by dotted names (`OVERVIEW`) as the
sidebar is. A new tenant sees its first steps instead (`salesos.admin.first_steps`), platform staff outside of any
tenant the choice of one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.module_loading import import_string
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django_stubs_ext import StrPromise

from salesos.admin import first_steps
from salesos.admin.acting import DashboardRequest
from salesos.admin.charts import Chart
from salesos.admin.comparison import Comparison

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Figure:
    """Something counted, today and this week, and the screen behind it."""

    title: str | StrPromise
    href: str
    today: Comparison
    week: Comparison
    more_is_worse: bool = False
    now: int | None = None
    """How many there are at this moment, where that is what counts."""


@dataclass(frozen=True, slots=True)
class Attention:
    """Something to be looked after: what it is, and where it is mended."""

    icon: str
    text: str
    fix: str | StrPromise
    """What the link says."""
    href: str


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the page with a template of its own."""

    title: str | StrPromise
    template_name: str
    context: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Contents:
    """What one package puts on the page."""

    figures: Sequence[Figure] = ()
    attention: Sequence[Attention] = ()
    charts: Sequence[Chart] = ()
    panels: Sequence[Panel] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Times:
    """The days that the page compares, all of the tenant's zone."""

    now: datetime
    today: date

    @property
    def monday(self) -> date:
        return self.today - timedelta(days=self.today.weekday())

    @property
    def same_day(self) -> date:
        """The same weekday of last week."""
        return self.today - WEEK

    @property
    def last_monday(self) -> date:
        return self.monday - WEEK

    @property
    def weekday(self) -> str:
        # As it stands within a sentence, which Django's translations of the names don't know of.
        name = date_format(self.today, "l")
        return name if get_language() == "en" else name.lower()

    @property
    def last_weekday(self) -> str:
        """What today is compared with, in words that follow “than”."""
        return _("last %(weekday)s") % {"weekday": self.weekday}

    @property
    def last_week(self) -> str:
        """What this week is compared with: as much of last week as this one has had."""
        return _("last week until %(weekday)s") % {"weekday": self.weekday}

    def start_of(self, day: date) -> datetime:
        """Its midnight on the tenant's clock."""
        return datetime.combine(day, time.min, tzinfo=self.now.tzinfo)


def times_of(request: DashboardRequest) -> Times:
    now = timezone.now().astimezone(request.tenant.zone)
    return Times(now, now.date())


def fill(request: DashboardRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's hook for the index page. A number of statements that no amount of data changes."""
    context["title"] = gettext_lazy("Overview")
    if request.tenant is None:
        return {**context, "title": gettext_lazy("Choose a tenant"), "choices": request.acting.choices}
    if first_steps.is_new():
        return {**context, **first_steps.described(request)}
    times = times_of(request)
    contributions = [_contents(dotted, request, times) for dotted in settings.OVERVIEW["contents"]]
    for kind in ("figures", "attention", "charts", "panels", "notes"):
        context[kind] = [each for contents in contributions for each in getattr(contents, kind)]
    return {**context, "times": times, "is_filled": True}


def _contents(dotted: str, request: DashboardRequest, times: Times) -> Contents:
    contribute: Callable[[DashboardRequest, Times], Contents] = import_string(dotted)
    return contribute(request, times)
