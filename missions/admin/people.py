"""What missions add to people and teams: points of the month, the last activity, a person's months and latest doings.

Aliases' rows count for their survivor, as on the boards.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import TruncMonth
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from missions.models import Activity, Score
from missions.periods import DAY, Period, today_in, window
from salesos.admin.acting import DashboardRequest
from salesos.admin.charts import Bar, Chart
from salesos.admin.overview import Panel
from salesos.admin.people_figures import PersonFigures
from salesos.database import array, run
from salesos.models import Collaborator
from salesos.tenancy import current_tenant

MONTHS = 12
LATEST = 10

# One look into an index for each record and day, and one for each record's last activity: what it costs follows the
# people asked for, however many others there are and whatever they did.
_OF_PEOPLE = """
WITH records AS (
    SELECT id, coalesce(merged_into_id, id) AS person_id FROM salesos_collaborator
    WHERE tenant_id = %(tenant)s AND id = ANY (%(ids)s::bigint[])
    UNION
    SELECT id, merged_into_id FROM salesos_collaborator
    WHERE tenant_id = %(tenant)s AND merged_into_id = ANY (%(ids)s::bigint[])
)
SELECT person_id, coalesce(sum(month.points), 0)::bigint, max(latest.occurred_at)
FROM records
LEFT JOIN LATERAL (
    SELECT sum(points) AS points FROM missions_score
    WHERE tenant_id = %(tenant)s AND day = ANY (%(days)s::date[]) AND collaborator_id = records.id
    OFFSET 0
) AS month ON true
LEFT JOIN LATERAL (
    SELECT occurred_at FROM missions_activity
    WHERE tenant_id = %(tenant)s AND collaborator_id = records.id
    ORDER BY occurred_at DESC LIMIT 1
) AS latest ON true
GROUP BY person_id
"""


def figures_of_people(ids: Sequence[int]) -> dict[int, PersonFigures]:
    """One statement."""
    parameters = {"tenant": current_tenant().pk, "ids": array(ids), "days": array(_days_of_month())}
    rows = run(_OF_PEOPLE, parameters)
    return {person_id: PersonFigures(points, latest) for person_id, points, latest in rows}


def figures_of_teams(ids: Sequence[int]) -> dict[int, int]:
    """Points stay with the team in which they were earned. One statement."""
    month = window(Period.MONTH, today=_today())
    scores = Score.objects.filter(day__gte=month.start, day__lt=month.end, team__in=ids)
    return dict(scores.values_list("team").annotate(Sum("points")).order_by())


def panels(request: DashboardRequest, person: Collaborator) -> Iterator[Panel]:
    """Two statements."""
    chart = Chart(_("Points by month"), _months(person), value_title=_("Points"))
    yield Panel("", "salesos/chart.html", {"chart": chart})
    rows = list(_activities(person).select_related("mission").order_by("-occurred_at", "-id")[:LATEST])
    yield Panel(_("Latest activities"), "missions/latest_activities.html", {"rows": rows, "person": person})


def _months(person: Collaborator) -> list[Bar]:
    months = [_today().replace(day=1)]
    while len(months) < MONTHS:
        months.append((months[-1] - DAY).replace(day=1))
    of_person: QuerySet[Any] = Score.objects.filter(
        Q(collaborator=person) | Q(collaborator__merged_into=person), day__gte=months[-1]
    )
    earned = dict(of_person.values_list(TruncMonth("day")).annotate(Sum("points")).order_by())
    return [Bar(date_format(month, "M Y"), max(int(earned.get(month, 0)), 0), at=month) for month in reversed(months)]


def _activities(person: Collaborator) -> QuerySet[Activity]:
    ids = Collaborator.objects.filter(Q(pk=person.pk) | Q(merged_into=person)).values_list("pk", flat=True)
    return Activity.objects.filter(collaborator__in=list(ids))


def _days_of_month() -> list[date]:
    month = window(Period.MONTH, today=_today())
    first, end = month.start or date.min, month.end or date.max
    return [first + number * DAY for number in range((end - first).days)]


def _today() -> date:
    return today_in(current_tenant(), timezone.now())
