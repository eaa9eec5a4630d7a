"""What missions add to the overview: figures of today and this week, the month's first five, the first steps."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from missions.leaderboards import standings
from missions.models import Activity, Mapping, ReceivedCode, Score
from missions.periods import WEEK, Period, today_in, window, window_before
from missions.unmatched import waiting
from salesos.admin.acting import DashboardRequest
from salesos.admin.overview import Card, Panel, Step

FIRST = 5


def cards(request: DashboardRequest) -> Iterator[Card]:
    """Read from the sums by day, never from the activities. Four statements."""
    today = today_in(request.tenant, timezone.now())
    yield from _received_cards(today)
    yield _points_card(today)
    unmatched = waiting().count()
    yield Card(_("Unmatched"), unmatched, _("activities without a person"), reverse("admin:unmatched"), unmatched > 0)
    unmapped = _unmapped_count()
    yield Card(
        _("Codes not mapped"), unmapped, _("received, counting for nothing"), reverse("admin:configure"), unmapped > 0
    )


def _received_cards(today: date) -> Iterator[Card]:
    week = window(Period.WEEK, today=today)
    monday = week.start or today
    last_monday = monday - WEEK
    counts = ReceivedCode.objects.filter(day__gte=last_monday).aggregate(
        today=_received(Q(day=today)),
        week=_received(Q(day__gte=monday, day__lt=week.end)),
        # As many days of last week as this one has had: a Tuesday is compared with a Tuesday.
        before=_received(Q(day__gte=last_monday, day__lte=today - WEEK)),
    )
    activities = reverse("admin:missions_activity_changelist")
    yield Card(_("Activities today"), counts["today"], _("recorded"), activities)
    yield Card(
        _("Activities this week"),
        counts["week"],
        _("%(count)d last week by now") % {"count": counts["before"]},
        activities,
    )


def _received(days: Q) -> Coalesce:
    return Coalesce(Sum("received", filter=days), 0)


def _points_card(today: date) -> Card:
    week = window(Period.WEEK, today=today)
    points = Score.objects.filter(day__gte=week.start, day__lt=week.end).aggregate(sum=Coalesce(Sum("points"), 0))[
        "sum"
    ]
    return Card(_("Points this week"), int(points), _("awarded"), f"{reverse('admin:leaderboard')}?period=week")


def _unmapped_count() -> int:
    mapped = set(Mapping.objects.values_list("source", "code"))
    received = ReceivedCode.objects.values_list("source", "code").annotate(Count("pk")).order_by()
    return len({(source, code) for source, code, _count in received} - mapped)


def panels(request: DashboardRequest) -> Iterator[Panel]:
    month = window(Period.MONTH, today=today_in(request.tenant, timezone.now()))
    board = standings(month, previous=window_before(month), limit=FIRST)
    scored = [(standing, None) for standing in board if standing.points]
    yield Panel(_("This month's first five"), "missions/first_five.html", {"rows": scored})


def first_steps(request: DashboardRequest) -> Iterator[Step]:
    yield Step(
        _("Send activities"),
        _("Numbered 001 to 999, from your CRM; what they mean is yours to say."),
        reverse("admin:missions_activity_changelist"),
        Activity.objects.exists(),
    )
    yield Step(
        _("Map codes to missions"),
        _("Under Missions › Configure: which code counts for which mission, and how many points."),
        reverse("admin:configure"),
        Mapping.objects.exists(),
    )
