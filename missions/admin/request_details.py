"""What a sync request recorded, for the request log's page about it.

Activities have no index by request: one more would cost every activity that is written. But their ids grow as they
arrive, and so do the moments of their requests; so the few ids of the request's time are found by halving.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, Max, Min, QuerySet, Sum
from django.utils.translation import gettext_lazy as _

from missions.models import Activity, UnmatchedActivity
from salesos.admin.acting import DashboardRequest
from salesos.admin.overview import Panel
from salesos.models import RequestLog

SYNC = "sync_activities"
LONGEST = timedelta(minutes=2)
"""No request takes longer: what it recorded was written so soon after its beginning."""

PROBE = 50
"""Activities that are looked at together: among them may be replayed ones, which came earlier than their ids say."""

NEAR = 1000
MOST_IDS = 300_000
MOST_UNMATCHED = 50_000
SHOWN = 20


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is found of a request. `expected`: how many activities it said it recorded or kept for later."""

    activities: list[Activity]
    found: int
    completions: int
    points: int
    expected: int
    unmatched: list[UnmatchedActivity]
    unmatched_count: int

    @property
    def is_cut(self) -> bool:
        return self.found > len(self.activities)

    @property
    def missing(self) -> int:
        return max(self.expected - self.found - self.unmatched_count, 0)


def panels(request: DashboardRequest, row: RequestLog) -> Iterator[Panel]:
    """The activities that a sync recorded. About fifty short statements, whatever the number of activities."""
    if row.action != SYNC or not isinstance(row.counts, dict):
        return
    # What is skipped waits for a person.
    expected = sum(row.counts.get(name, 0) for name in ("processed", "skipped"))
    if expected:
        recorded = {"recorded": _recorded(row, expected)}
        yield Panel(_("What it recorded"), "missions/recorded_by_request.html", recorded)


def _recorded(row: RequestLog, expected: int) -> Recorded:
    begun = row.at - LONGEST
    ended = row.at + timedelta(milliseconds=row.duration_ms) + LONGEST
    found = _received_between(begun, ended).filter(request_id=row.pk)
    sums = found.aggregate(found=Count("pk"), completions=Count("mission"), points=Sum("points"))
    unmatched = _unmatched_of(row.pk)
    return Recorded(
        activities=list(found.select_related("collaborator", "mission").order_by("id")[:SHOWN]),
        found=sums["found"],
        completions=sums["completions"],
        points=sums["points"] or 0,
        expected=expected,
        unmatched=unmatched[:SHOWN],
        unmatched_count=len(unmatched),
    )


def _received_between(begun: datetime, ended: datetime) -> QuerySet[Activity]:
    ids = Activity.objects.aggregate(least=Min("id"), most=Max("id"))
    if ids["least"] is None:
        return Activity.objects.none()
    least, most = ids["least"], ids["most"] + 1
    low, _above = _halved(least, most, begun)
    _below, high = _halved(low, most, ended)
    return Activity.objects.filter(id__gte=low, id__lt=min(high, low + MOST_IDS))


def _halved(low: int, high: int, moment: datetime) -> tuple[int, int]:
    """Ids close to each other, of which the first came before `moment` and the last did not."""
    while high - low > NEAR:
        middle = (low + high) // 2
        probed = Activity.objects.filter(id__gte=middle).order_by("id").values_list("received_at", flat=True)[:PROBE]
        if max(probed, default=moment) < moment:
            low = middle
        else:
            high = middle
    return low, high


def _unmatched_of(request_id: UUID) -> list[UnmatchedActivity]:
    """Those that still wait for a person; none where so many wait that looking through them would take long."""
    waiting = UnmatchedActivity.objects.order_by()
    if waiting.values_list("pk")[MOST_UNMATCHED : MOST_UNMATCHED + 1]:
        return []
    return list(waiting.filter(request_id=request_id).order_by("id"))
