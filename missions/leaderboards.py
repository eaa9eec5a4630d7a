"""Standings of people and teams: the one answer for screen, API, command and wall.

They read the scores, never the activities: what a board costs follows people × days, however much was recorded.
Scores name the record that they were earned for; on a board an alias' points are its survivor's (`salesos.merging`).
Equal points share a rank and leave out the next (1, 2, 2, 4); among equals the order is by name, then by id.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from django.utils.translation import gettext_lazy as _

from missions.models import Mission
from missions.models.mission import TargetPeriod
from missions.periods import Period, Window, window
from salesos.database import array, run
from salesos.errors import Refused
from salesos.models import Team
from salesos.tenancy import current_tenant


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's place. `previous_rank` is None when they had no points then; `movement` is positive for a climb."""

    rank: int
    name: str
    email: str
    team: str
    """The team they are in now, "" for none."""
    points: int
    completions: int
    collaborator_id: int
    public_id: uuid.UUID
    previous_rank: int | None

    @property
    def movement(self) -> int | None:
        return None if self.previous_rank is None else self.previous_rank - self.rank


@dataclass(frozen=True, slots=True)
class TeamStanding:
    """A team's place, by the points that were earned in it. `people` counts its active members of today."""

    rank: int
    name: str
    points: int
    completions: int
    people: int
    team_id: int
    public_id: uuid.UUID
    previous_rank: int | None

    @property
    def movement(self) -> int | None:
        return None if self.previous_rank is None else self.previous_rank - self.rank


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a person is towards a mission's target in its current period."""

    completions: int
    target: int

    @property
    def is_reached(self) -> bool:
        return self.completions >= self.target


# Both sums of a period read one range of the index (tenant, day, …). An open window is an infinite one rather than a
# missing condition, so that there is one statement with one plan.
_SUMS = """
    SELECT {by}, sum(points)::bigint AS points, sum(completions)::bigint AS completions
    FROM missions_score
    WHERE tenant_id = %(tenant)s
        AND day >= coalesce(%({window}start)s::date, '-infinity') AND day < coalesce(%({window}end)s::date, 'infinity')
        AND (%(mission)s::bigint IS NULL OR mission_id = %(mission)s)
        AND (%(team)s::bigint IS NULL OR team_id = %(team)s)
    GROUP BY {by}
"""

_PEOPLE = f"""
WITH earned AS ({_SUMS.format(by="collaborator_id", window="")}),
before AS ({_SUMS.format(by="collaborator_id", window="previous_")}),
sums AS (
    -- What was recorded for an alias counts for the record that it was merged into.
    SELECT coalesce(record.merged_into_id, record.id) AS person_id,
        (coalesce(sum(earned.points), 0) + coalesce(sum(gain.points), 0))::bigint AS points,
        coalesce(sum(earned.completions), 0)::bigint AS completions,
        coalesce(sum(before.points), 0)::bigint AS points_before
    FROM salesos_collaborator AS record
    LEFT JOIN earned ON earned.collaborator_id = record.id
    LEFT JOIN before ON before.collaborator_id = record.id
    LEFT JOIN unnest(%(gainers)s::bigint[], %(gains)s::bigint[]) AS gain (collaborator_id, points)
        ON gain.collaborator_id = record.id
    WHERE record.tenant_id = %(tenant)s
    GROUP BY person_id
),
board AS (
    SELECT person.id, person.public_id, person.name, person.email, coalesce(team.name, '') AS team,
        sums.points, sums.completions, sums.points_before
    FROM salesos_collaborator AS person
    JOIN sums ON sums.person_id = person.id
    LEFT JOIN salesos_team AS team ON team.tenant_id = person.tenant_id AND team.id = person.team_id
    WHERE person.tenant_id = %(tenant)s AND person.is_active AND person.merged_into_id IS NULL
        AND (%(team)s::bigint IS NULL OR person.team_id = %(team)s)
), ranked AS (
    SELECT *, rank() OVER (ORDER BY points DESC) AS rank, rank() OVER (ORDER BY points_before DESC) AS rank_before
    FROM board
)
SELECT rank, name, email, team, points, completions, id, public_id, CASE WHEN points_before <> 0 THEN rank_before END
FROM ranked ORDER BY rank, name, id LIMIT %(limit)s
"""

_TEAMS = f"""
WITH earned AS ({_SUMS.format(by="team_id", window="")}),
before AS ({_SUMS.format(by="team_id", window="previous_")}),
members AS (
    SELECT team_id, count(*) AS people FROM salesos_collaborator
    WHERE tenant_id = %(tenant)s AND is_active AND merged_into_id IS NULL GROUP BY team_id
), board AS (
    SELECT team.id, team.public_id, team.name, coalesce(members.people, 0) AS people,
        coalesce(earned.points, 0) AS points, coalesce(earned.completions, 0) AS completions,
        coalesce(before.points, 0) AS points_before
    FROM salesos_team AS team
    LEFT JOIN earned ON earned.team_id = team.id
    LEFT JOIN before ON before.team_id = team.id
    LEFT JOIN members ON members.team_id = team.id
    WHERE team.tenant_id = %(tenant)s
), ranked AS (
    SELECT *, rank() OVER (ORDER BY points DESC) AS rank, rank() OVER (ORDER BY points_before DESC) AS rank_before
    FROM board
)
SELECT rank, name, points, completions, people, id, public_id, CASE WHEN points_before <> 0 THEN rank_before END
FROM ranked ORDER BY rank, name, id LIMIT %(limit)s
"""

_NEVER = Window(date.max, date.min)

_TARGET_PERIODS = {TargetPeriod.DAY: Period.TODAY, TargetPeriod.WEEK: Period.WEEK, TargetPeriod.MONTH: Period.MONTH}


def standings(
    window: Window,
    *,
    previous: Window | None = None,
    mission: Mission | None = None,
    team: Team | None = None,
    limit: int | None = None,
    gains: Mapping[int, int] | None = None,
) -> list[Standing]:
    """All active collaborators of the current tenant by their points in `window`, those without any included.

    `previous` is the window that `previous_rank` and `movement` compare with (`periods.window_before`). `team` keeps
    its people of today and the points that they earned in it. `gains` adds points by the id of a record, an alias'
    for its survivor: the board as it would be. One statement.
    """
    gains = gains or {}
    parameters = _parameters(window, previous, mission, limit)
    parameters |= {"team": team and team.pk, "gainers": array(gains), "gains": array(gains.values())}
    return [Standing(*row) for row in run(_PEOPLE, parameters)]


def team_standings(
    window: Window, *, previous: Window | None = None, mission: Mission | None = None, limit: int | None = None
) -> list[TeamStanding]:
    """All teams of the current tenant by the points that were earned in them, whoever earned them. One statement.

    Points stay with the team of their moment, also when the person left it or is inactive now.
    """
    parameters = _parameters(window, previous, mission, limit) | {"team": None}
    return [TeamStanding(*row) for row in run(_TEAMS, parameters)]


def progress(mission: Mission, *, today: date) -> dict[int, Progress]:
    """How far every active collaborator is in the mission's target period of `today`, by their id. One statement.

    Raises `Refused` for a mission without a target.
    """
    if mission.target is None:
        raise Refused("no_target", _("This mission has no target."), field="target")
    period = window(_TARGET_PERIODS[TargetPeriod(mission.target_period)], today=today)
    people = standings(period, mission=mission)
    return {person.collaborator_id: Progress(person.completions, mission.target) for person in people}


def _parameters(
    window: Window, previous: Window | None, mission: Mission | None, limit: int | None
) -> dict[str, object]:
    previous = previous or _NEVER
    return {
        "tenant": current_tenant().pk,
        "start": window.start,
        "end": window.end,
        "previous_start": previous.start,
        "previous_end": previous.end,
        "mission": mission and mission.pk,
        "limit": limit,
    }
