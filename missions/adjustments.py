"""Points given or taken outside of completions: by hand, with a reason and an author, or to compensate a completion."""

from datetime import date, datetime

from django.db import transaction
from django.db.models import Case, When
from django.utils.translation import gettext_lazy as _

from missions.models import Adjustment, Mission
from missions.models.mission import MOST_POINTS
from missions.models.score import AdjustmentKind
from missions.periods import today_in
from missions.scores import ADDED, INTO_SCORES
from salesos import audit
from salesos.database import run
from salesos.errors import Refused
from salesos.models import Collaborator, User
from salesos.tenancy import current_tenant

LONGEST_REASON = 500
FIRST_DAY = date(1970, 1, 1)
"""As for activities. Who asks why of all time has a look at each day since the first one that has points."""

_SCORE = f"""
    {INTO_SCORES}
    VALUES (%(tenant)s, %(day)s, %(collaborator)s, %(team)s, %(mission)s, %(points)s, %(completions)s)
    {ADDED}
"""


@transaction.atomic
def adjust(
    collaborator: Collaborator,
    *,
    points: int,
    reason: str,
    day: date | None = None,
    mission: Mission | None = None,
    by: User | None,
    at: datetime,
    kind: AdjustmentKind = AdjustmentKind.MANUAL,
    completions: int = 0,
) -> Adjustment:
    """Add signed `points` to the collaborator's score of `day` (the tenant's; by default the one of `at`), in the team
    that they are in now. The adjustment, its score and its line in the audit trail are one transaction.

    Raises `Refused`.
    """
    today = today_in(current_tenant(), at)
    day = day or today
    reason = reason.strip()
    _refuse_nothing_or_too_much(points, completions)
    _refuse_reason(reason)
    refuse_day(day, today=today)
    adjustment = Adjustment.objects.create(
        collaborator=collaborator,
        team_id=_team_now(collaborator),
        mission_id=_own_mission(mission),
        kind=kind,
        points=points,
        completions=completions,
        day=day,
        reason=reason,
        author=by,
    )
    _score(adjustment)
    audit.record("adjustment.posted", adjustment, changes=_told(adjustment, collaborator, mission), by=by)
    return adjustment


def refuse_day(day: date, *, today: date) -> None:
    """Raise `Refused` for a day that has not come yet, or that lies before anything could be recorded."""
    if day > today:
        raise Refused("day_ahead", _("This day has not come yet."), field="day")
    if day < FIRST_DAY:
        raise Refused("day_too_early", _("This day is before 1970."), field="day")


def _told(adjustment: Adjustment, collaborator: Collaborator, mission: Mission | None) -> dict[str, tuple[str, object]]:
    told = {"collaborator": collaborator, "points": f"{adjustment.points:+d}", "day": adjustment.day}
    told |= {"mission": mission} if mission else {}
    return {name: ("", value) for name, value in {**told, "reason": adjustment.reason}.items()}


def _refuse_nothing_or_too_much(points: int, completions: int) -> None:
    if points == 0 and completions == 0:
        raise Refused("no_points", _("An adjustment needs points, more or fewer than zero."), field="points")
    if abs(points) > MOST_POINTS:
        message = _("At most %(most)d points at a time, given or taken.") % {"most": MOST_POINTS}
        raise Refused("too_many_points", message, field="points")


def _refuse_reason(reason: str) -> None:
    if not reason:
        raise Refused("no_reason", _("An adjustment needs a reason."), field="reason")
    if len(reason) > LONGEST_REASON:
        message = _("At most %(most)d characters.") % {"most": LONGEST_REASON}
        raise Refused("reason_too_long", message, field="reason")


def _team_now(collaborator: Collaborator) -> int | None:
    """Read again: the person may have changed team since the caller's copy was read. An alias is in its survivor's."""
    record = Collaborator.objects.filter(pk=collaborator.pk)
    team = Case(When(merged_into=None, then="team_id"), default="merged_into__team_id")
    row = record.values_list(team).first()
    if row is None:
        raise Refused("unknown_collaborator", _("There is no such collaborator."), field="collaborator")
    return row[0]


def _own_mission(mission: Mission | None) -> int | None:
    if mission is not None and not Mission.objects.filter(pk=mission.pk).exists():
        raise Refused("unknown_mission", _("There is no such mission."), field="mission")
    return mission.pk if mission else None


def _score(adjustment: Adjustment) -> None:
    run(
        _SCORE,
        {
            "tenant": adjustment.tenant_id,
            "day": adjustment.day,
            "collaborator": adjustment.collaborator_id,
            "team": adjustment.team_id,
            "mission": adjustment.mission_id,
            "points": adjustment.points,
            "completions": adjustment.completions,
        },
    )
