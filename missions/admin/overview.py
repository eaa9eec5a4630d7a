"""Missions' part of the overview: from the sums by day, never from the activities."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.db.models import Count, Exists, OuterRef, Q, Sum, Window
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_stubs_ext import StrPromise

from missions.leaderboards import Standing, standings
from missions.models import Mapping as CodeMapping
from missions.models import ReceivedCode
from missions.periods import Period, window
from missions.unmatched import waiting
from salesos.admin.acting import DashboardRequest
from salesos.admin.charts import Bar, Chart
from salesos.admin.comparison import Comparison
from salesos.admin.overview import Attention, Contents, Figure, Panel, Times
from salesos.database import run
from salesos.tenancy import current_tenant

FIRST = 5
DAYS = 30
MOST_NAMED = 3


def contents(request: DashboardRequest, times: Times) -> Contents:
    """Six statements."""
    received, earned = _received(times), _earned(times)
    unmatched = _unmatched(times)
    return Contents(
        figures=[
            _figure(
                gettext_lazy("Activities received"), reverse("admin:missions_activity_changelist"), received.all, times
            ),
            _figure(gettext_lazy("Points"), f"{reverse('admin:leaderboard')}?period=week", earned.points, times),
            _active(earned, times),
            unmatched,
            _figure(
                gettext_lazy("Activities of unmapped codes"),
                reverse("admin:configure"),
                received.unmapped,
                times,
                more_is_worse=True,
            ),
        ],
        attention=[*_unmapped_codes(times), *_unmatched_waiting(unmatched.now or 0)],
        charts=[
            _chart(_("Counted activities by day"), _("Activities"), earned.completions, times),
            _chart(_("Points by day"), _("Points"), earned.points, times),
        ],
        panels=[Panel(gettext_lazy("This month's first five"), "missions/first_five.html", {"rows": _first(times)})],
    )


ByDay = dict[date, int]


@dataclass(frozen=True, slots=True)
class _Received:
    """Activities by the day when they came; `unmapped`: of them, those whose code leads nowhere now."""

    all: ByDay = field(default_factory=dict)
    unmapped: ByDay = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Earned:
    """Points and counted activities by the day when they happened, however late they were received; and people with a
    completion: today, a week ago, this week, last week so far."""

    points: ByDay
    completions: ByDay
    people: tuple[int, int, int, int]


def _since(times: Times) -> date:
    """The first day that the page reads: the charts' thirty days hold both weeks."""
    return times.today - timedelta(days=DAYS - 1)


def _received(times: Times) -> _Received:
    is_mapped = Exists(CodeMapping.objects.filter(source=OuterRef("source"), code=OuterRef("code")))
    rows = (
        ReceivedCode.objects.filter(day__gte=_since(times))
        .annotate(is_mapped=is_mapped)
        .values_list("day", "is_mapped")
        .annotate(Sum("received"))
        .order_by()
    )
    found = _Received()
    for day, mapped, count in rows:
        found.all[day] = found.all.get(day, 0) + count
        if not mapped:
            found.unmapped[day] = count
    return found


def _earned(times: Times) -> _Earned:
    rows = run(
        _EARNED,
        {
            "since": _since(times),
            "end": times.today + timedelta(days=1),
            "today": times.today,
            "same_day": times.same_day,
            "monday": times.monday,
            "last_monday": times.last_monday,
            "tenant": current_tenant().pk,
        },
        prepare=False,
    )
    days = [row for row in rows if row[0] is not None]
    today, same_day, week, last_week = next(row[3:] for row in rows if row[0] is None)
    return _Earned(
        {day: int(points) for day, points, *_others in days},
        {day: int(completions) for day, _points, completions, *_people in days},
        (today, same_day, week, last_week),
    )


def _figure(title: str | StrPromise, href: str, by_day: ByDay, times: Times, *, more_is_worse: bool = False) -> Figure:
    return Figure(
        title,
        href,
        Comparison(by_day.get(times.today, 0), by_day.get(times.same_day, 0), times.last_weekday, before_is_whole=True),
        Comparison(
            _sum(by_day, times.monday, times.today),
            _sum(by_day, times.last_monday, times.same_day),
            times.last_week,
            # On a Monday the week is as old as the day.
            before_is_whole=times.today == times.monday,
        ),
        more_is_worse=more_is_worse,
    )


def _sum(by_day: ByDay, first: date, last: date) -> int:
    return sum(count for day, count in by_day.items() if first <= day <= last)


def _active(earned: _Earned, times: Times) -> Figure:
    today, same_day, week, last_week = earned.people
    return Figure(
        gettext_lazy("Active people"),
        f"{reverse('admin:leaderboard')}?period=week",
        Comparison(today, same_day, times.last_weekday, before_is_whole=True),
        Comparison(week, last_week, times.last_week, before_is_whole=times.today == times.monday),
    )


def _unmatched(times: Times) -> Figure:
    """What waits now, and how much of it came today and this week. What came before and found its person is gone, so
    that there is nothing to compare with."""
    counts = waiting().aggregate(
        all=Count("pk"),
        today=Count("pk", filter=Q(received_at__gte=times.start_of(times.today))),
        week=Count("pk", filter=Q(received_at__gte=times.start_of(times.monday))),
    )
    return Figure(
        gettext_lazy("Unmatched"),
        reverse("admin:unmatched"),
        Comparison(counts["today"]),
        Comparison(counts["week"]),
        now=counts["all"],
    )


def _unmatched_waiting(count: int) -> Iterator[Attention]:
    if count:
        yield Attention(
            "person_search",
            ngettext(
                "%d activity waits for a person: nobody active has its e-mail.",
                "%d activities wait for a person: nobody active has their e-mails.",
                count,
            )
            % count,
            gettext_lazy("Say whose they are"),
            reverse("admin:unmatched"),
        )


def _unmapped_codes(times: Times) -> Iterator[Attention]:
    is_mapped = Exists(CodeMapping.objects.filter(source=OuterRef("source"), code=OuterRef("code")))
    rows = list(
        ReceivedCode.objects.filter(~is_mapped, day__gte=_since(times))
        .values("code")
        .annotate(count=Sum("received"), all=Window(Count("*")))
        .order_by("-count", "code")[:MOST_NAMED]
    )
    if rows:
        total = rows[0]["all"]
        named = ", ".join(row["code"] for row in rows) + (" …" if total > len(rows) else "")
        yield Attention(
            "tune",
            ngettext(
                "%(total)d code was received and counts for nothing: %(named)s.",
                "%(total)d codes were received and count for nothing: %(named)s.",
                total,
            )
            % {"total": total, "named": named},
            gettext_lazy("Map them in Configure"),
            reverse("admin:configure"),
        )


def _chart(title: str, value_title: str, by_day: Mapping[date, int], times: Times) -> Chart:
    days = [_since(times) + timedelta(days=n) for n in range(DAYS)]
    # A day may have lost more by hand than it earned: a bar has no place below zero.
    bars = [Bar(date_format(day, "j M"), max(by_day.get(day, 0), 0), at=day) for day in days]
    return Chart(title, bars, value_title)


def _first(times: Times) -> list[Standing]:
    month = window(Period.MONTH, today=times.today)
    return [standing for standing in standings(month, limit=FIRST) if standing.points > 0]


# One walk over a month of scores. A person of several records counts once.
_EARNED = """
WITH daily AS MATERIALIZED (
    SELECT day, collaborator_id, sum(points) AS points, sum(completions) AS completions
    FROM missions_score
    WHERE tenant_id = %(tenant)s AND day >= %(since)s::date AND day < %(end)s::date
    GROUP BY day, collaborator_id
), active AS (
    SELECT bool_or(day = %(today)s::date) AS today, bool_or(day = %(same_day)s::date) AS same_day,
        bool_or(day >= %(monday)s::date) AS week,
        bool_or(day BETWEEN %(last_monday)s::date AND %(same_day)s::date) AS last_week
    FROM daily JOIN salesos_collaborator AS person
        ON person.tenant_id = %(tenant)s AND person.id = daily.collaborator_id
    WHERE completions > 0 AND day >= %(last_monday)s::date
    GROUP BY coalesce(person.merged_into_id, person.id)
)
SELECT day, sum(points), sum(completions), 0, 0, 0, 0 FROM daily GROUP BY day
UNION ALL
SELECT NULL, 0, 0, count(*) FILTER (WHERE today), count(*) FILTER (WHERE same_day), count(*) FILTER (WHERE week),
    count(*) FILTER (WHERE last_week) FROM active
"""
