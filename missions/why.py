"""Why a number of the leaderboard is what it is: the activities and adjustments that add up to it, a page at a time.

The scores lead to them. A score says on which day whose evidence lies, in which team and for which mission, so that
only the rows of a page are looked for, in the index of a person's activities: what a page costs follows its length,
however much else the person or the team did.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from missions.models import Activity, Adjustment, Mission
from missions.periods import Window
from salesos.database import array, run
from salesos.models import Collaborator, Team
from salesos.tenancy import current_tenant

PAGE = 100

ADJUSTMENT, ACTIVITY = 0, 1
_CURSOR = re.compile(r"([at])([0-9]{1,18})", re.ASCII)
_LAST_ID = 2**63 - 1


class UnknownPlace(LookupError):
    """The place to go on from is none of the current tenant's evidence."""


@dataclass(frozen=True, slots=True)
class Number:
    """What a number on the board counts. `people` holds the ids of a person's records, None for those of everybody;
    `team` and `mission` are ids, None for all."""

    window: Window
    people: tuple[int, ...] | None
    team: int | None
    mission: int | None


@dataclass(frozen=True, slots=True)
class MissionSum:
    """The part of a number that one mission has; `mission` is "" for adjustments that name none."""

    mission: str
    points: int
    completions: int


@dataclass(frozen=True, slots=True)
class Line:
    """One activity or adjustment. `label` is the tenant's own name for the code today."""

    kind: int
    pk: int
    day: date
    moment: datetime
    """When it happened; of an adjustment, when it was made."""
    points: int
    completions: int
    collaborator_id: int
    person: str
    mission: str
    code: str
    label: str
    external_id: str
    reason: str

    @property
    def is_activity(self) -> bool:
        return self.kind == ACTIVITY

    @property
    def place(self) -> str:
        """What `page(after=…)` takes to go on behind this line."""
        return f"{'t' if self.is_activity else 'a'}{self.pk}"


@dataclass(frozen=True, slots=True)
class Page:
    lines: list[Line]
    has_more: bool

    @property
    def next_place(self) -> str:
        return self.lines[-1].place if self.lines and self.has_more else ""


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one person did on one day. A line after (`kind`, `moment`, `pk`) belongs to the page."""

    day: date
    collaborator_id: int
    kind: int = ACTIVITY
    moment: datetime | None = None
    pk: int = _LAST_ID


def of_person(person: Collaborator, window: Window, *, mission: Mission | None, team: Team | None) -> Number:
    """A person's number. Records that were merged into theirs count with it. One statement."""
    aliases = Collaborator.objects.filter(merged_into=person.pk).values_list("pk", flat=True)
    return Number(window, (person.pk, *aliases), team.pk if team else None, mission.pk if mission else None)


def of_team(team: Team, window: Window, *, mission: Mission | None) -> Number:
    """A team's number: what was earned in it, by whomever."""
    return Number(window, None, team.pk, mission.pk if mission else None)


def sums(number: Number) -> list[MissionSum]:
    """What the number is made of, the largest part first: together exactly what the board shows. One statement."""
    sql = _SUMS_OF_TEAM if number.people is None else _SUMS_OF_PEOPLE
    return [MissionSum(*row) for row in run(sql, _parameters(number))]


def page(number: Number, *, after: str = "", size: int = PAGE) -> Page:
    """The number's lines, by day from the last to the first; those of a day by person, then the newest first.

    `after` is the `place` of the line before. Raises `UnknownPlace`. Two statements, three behind the first page.
    """
    start = _cell_of(after) if after else None
    cells, is_last = _cells(number, start, size + 1)
    if start is not None and (not cells or cells[0][:2] != (start.day, start.collaborator_id)):
        raise UnknownPlace(after)
    places = [_Cell(day, collaborator_id) for day, collaborator_id, _count in cells]
    if start is not None:
        places[0] = start
    lines = _lines(number, places, size + 1)
    return Page(lines[:size], len(lines) > size or not is_last)


def _cells(number: Number, start: _Cell | None, least: int) -> tuple[list[tuple[date, int, int]], bool]:
    """As many cells from `start` on as have `least` lines, and whether there are no others."""
    # The cell of the start may have no line left; every other one has at least one.
    limit = least + 2
    parameters = _parameters(number) | {
        "from_day": start.day if start else date.max,
        "from_person": start.collaborator_id if start else _LAST_ID,
        "limit": limit,
    }
    found = run(_CELLS_OF_TEAM if number.people is None else _CELLS_OF_PEOPLE, parameters)
    count = 0
    for place, (_day, _person, completions) in enumerate(found):
        if count >= least:
            return found[:place], False
        # Compensations count down, so there are at least as many lines.
        if place or start is None:
            count += max(completions, 1)
    return found, len(found) < limit


def _lines(number: Number, cells: Sequence[_Cell], limit: int) -> list[Line]:
    rows = run(
        _LINES,
        {
            **_parameters(number),
            "days": array([cell.day for cell in cells]),
            "cell_people": array([cell.collaborator_id for cell in cells]),
            "moments": array([_moment_before(cell) for cell in cells]),
            "activity_ids": array([cell.pk if cell.kind == ACTIVITY else 0 for cell in cells]),
            "adjustment_ids": array([cell.pk if cell.kind == ADJUSTMENT else _LAST_ID for cell in cells]),
            "limit": limit,
        },
    )
    return [Line(*row) for row in rows]


def _moment_before(cell: _Cell) -> str:
    if cell.kind == ADJUSTMENT:
        # Adjustments come after the activities of a cell: none of those is left.
        return "-infinity"
    return cell.moment.isoformat() if cell.moment else "infinity"


def _cell_of(place: str) -> _Cell:
    parts = _CURSOR.fullmatch(place)
    if parts is None:
        raise UnknownPlace(place)
    pk = int(parts[2])
    if parts[1] == "t":
        activity = Activity.objects.filter(pk=pk).only("day", "collaborator_id", "occurred_at").first()
        if activity is not None:
            return _Cell(activity.day, activity.collaborator_id, ACTIVITY, activity.occurred_at, pk)
    else:
        adjustment = Adjustment.objects.filter(pk=pk).only("day", "collaborator_id").first()
        if adjustment is not None:
            return _Cell(adjustment.day, adjustment.collaborator_id, ADJUSTMENT, None, pk)
    raise UnknownPlace(place)


def _parameters(number: Number) -> dict[str, object]:
    return {
        "tenant": current_tenant().pk,
        "start": number.window.start,
        "end": number.window.end,
        "people": None if number.people is None else array(number.people),
        "team": number.team,
        "mission": number.mission,
    }


_IN_WINDOW = """
    day >= coalesce(%(start)s::date, '-infinity') AND day < coalesce(%(end)s::date, 'infinity')
"""
_COUNTED = """
    (%(mission)s::bigint IS NULL OR mission_id = %(mission)s) AND (%(team)s::bigint IS NULL OR team_id = %(team)s)
"""

# The days of the window on which anybody scored at all: between the first and the last, from the last backwards.
_CALENDAR = """
    SELECT newest.day - back AS day
    FROM (SELECT day FROM missions_score WHERE tenant_id = %(tenant)s ORDER BY day DESC LIMIT 1) AS newest,
        (SELECT day FROM missions_score WHERE tenant_id = %(tenant)s ORDER BY day LIMIT 1) AS oldest,
        generate_series(
            newest.day - least(%(end)s::date - 1, newest.day),
            newest.day - greatest(%(start)s::date, oldest.day)
        ) AS back
"""

_SCORED = f"""
    SELECT mission_id, points, completions FROM missions_score
    WHERE tenant_id = %(tenant)s AND {_IN_WINDOW} AND {_COUNTED}
"""

# A person's days, one look into the unique index for each: never through what everybody else did on them.
_SCORED_BY_PEOPLE = f"""
    SELECT score.mission_id, score.points, score.completions
    FROM ({_CALENDAR}) AS calendar
    CROSS JOIN LATERAL (
        SELECT mission_id, points, completions FROM missions_score
        WHERE tenant_id = %(tenant)s AND day = calendar.day AND collaborator_id = ANY (%(people)s::bigint[])
            AND {_COUNTED}
        OFFSET 0
    ) AS score
"""

_SUMS = """
SELECT coalesce(mission.name, ''), part.points, part.completions
FROM (
    SELECT mission_id, sum(points)::bigint AS points, sum(completions)::bigint AS completions
    FROM ({scored}) AS scored
    GROUP BY mission_id
) AS part
LEFT JOIN missions_mission AS mission ON mission.tenant_id = %(tenant)s AND mission.id = part.mission_id
WHERE part.points <> 0 OR part.completions <> 0
ORDER BY part.points DESC, mission.name
"""
_SUMS_OF_TEAM = _SUMS.format(scored=_SCORED)
_SUMS_OF_PEOPLE = _SUMS.format(scored=_SCORED_BY_PEOPLE)

_CELLS_OF_PEOPLE = f"""
SELECT calendar.day, cell.collaborator_id, cell.completions
FROM ({_CALENDAR}) AS calendar
CROSS JOIN LATERAL (
    SELECT collaborator_id, sum(completions)::bigint AS completions
    FROM missions_score
    WHERE tenant_id = %(tenant)s AND day = calendar.day AND collaborator_id = ANY (%(people)s::bigint[]) AND {_COUNTED}
    GROUP BY collaborator_id
    OFFSET 0
) AS cell
WHERE calendar.day <= %(from_day)s::date
    AND (calendar.day, cell.collaborator_id) <= (%(from_day)s::date, %(from_person)s::bigint)
ORDER BY calendar.day DESC, cell.collaborator_id DESC
LIMIT %(limit)s
"""

# From the last day backwards along the unique index, only as far as the page reaches.
_CELLS_OF_TEAM = f"""
SELECT day, collaborator_id, sum(completions)::bigint
FROM missions_score
WHERE tenant_id = %(tenant)s AND {_IN_WINDOW} AND {_COUNTED}
    AND (day, collaborator_id) <= (%(from_day)s::date, %(from_person)s::bigint)
GROUP BY day, collaborator_id
ORDER BY day DESC, collaborator_id DESC
LIMIT %(limit)s
"""

# A day of any zone lies between 14 hours before it and 12 hours after it in UTC: those bounds are the index's, and
# `day` itself decides, so that a tenant's change of zone moves nothing.
_LINES = f"""
SELECT line.kind, line.id, cell.day, line.moment, line.points, line.completions, cell.collaborator_id, person.name,
    coalesce(mission.name, ''), line.code, coalesce(mapping.label, ''), line.external_id, line.reason
FROM unnest(%(days)s::date[], %(cell_people)s::bigint[], %(moments)s::timestamptz[], %(activity_ids)s::bigint[],
        %(adjustment_ids)s::bigint[])
    WITH ORDINALITY AS cell (day, collaborator_id, moment, activity_id, adjustment_id, place)
CROSS JOIN LATERAL (
    (
        SELECT {ACTIVITY} AS kind, id, occurred_at AS moment, points, 1 AS completions, mission_id, source, code,
            external_id, '' AS reason
        FROM missions_activity
        WHERE tenant_id = %(tenant)s AND collaborator_id = cell.collaborator_id AND day = cell.day
            AND occurred_at >= (cell.day - interval '14 hours') AT TIME ZONE 'UTC'
            AND occurred_at < (cell.day + interval '36 hours') AT TIME ZONE 'UTC'
            AND (occurred_at, id) < (cell.moment, cell.activity_id)
            AND mission_id IS NOT NULL AND {_COUNTED}
        ORDER BY occurred_at DESC, id DESC LIMIT %(limit)s
    )
    UNION ALL
    (
        SELECT {ADJUSTMENT}, id, created_at, points, completions, mission_id, '', '', '', reason
        FROM missions_adjustment
        WHERE tenant_id = %(tenant)s AND collaborator_id = cell.collaborator_id AND day = cell.day
            AND id < cell.adjustment_id AND {_COUNTED}
        ORDER BY id DESC LIMIT %(limit)s
    )
) AS line
LEFT JOIN salesos_collaborator AS person ON person.tenant_id = %(tenant)s AND person.id = cell.collaborator_id
LEFT JOIN missions_mission AS mission ON mission.tenant_id = %(tenant)s AND mission.id = line.mission_id
LEFT JOIN missions_mapping AS mapping
    ON mapping.tenant_id = %(tenant)s AND mapping.source = line.source AND mapping.code = line.code
ORDER BY cell.place, line.kind DESC, CASE WHEN line.kind = {ACTIVITY} THEN line.moment END DESC, line.id DESC
LIMIT %(limit)s
"""
