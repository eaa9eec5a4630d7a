"""What a wall shows, as JSON: names, ranks and points, the latest completions, and nothing that reaches a person.

A wall asks every few seconds for as long as it hangs there. So it is answered in two steps: a pulse, which is cheap and
tells whether anything has changed, and the board itself only when something has.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from django.core.cache import caches
from django.utils import formats
from django.utils.crypto import salted_hmac

from missions.leaderboards import Standing, TeamStanding, standings, team_standings
from missions.models import Mission, WallLink
from missions.periods import DAY, Period, Window, today_in, window, window_before
from salesos.database import run
from salesos.models import Team
from salesos.tenancy import current_tenant

ROWS = 10
"""What is readable from five metres."""

LATEST = 12
LOOKED_THROUGH = 500
"""So many of the newest activities are looked through for completions, however few there are among them."""

FRESH = timedelta(days=1)
"""What happened longer ago is shown, and no longer celebrated: a CRM may send last year's calls today."""

SEEN_EVERY = timedelta(minutes=1)
RECOUNTED_EVERY = 20
"""Seconds after which the board is read anew although the pulse is the same: a batch that began before another one and
ended after it, or scores put right by hand, show no sooner."""

PAST_KEPT = 60
"""Seconds for which a process remembers the ranks of the period before: the larger part of a board's cost, and of its
answer the part that hardly changes."""


@dataclass(frozen=True, slots=True)
class Wall:
    """Which board a wall shows. `first` and `last` are for a custom period; `link` for what came by a link."""

    name: str
    period: Period
    by_team: bool = False
    team: Team | None = None
    mission: Mission | None = None
    first: date | None = None
    last: date | None = None
    link: WallLink | None = None

    @classmethod
    def of_link(cls, link: WallLink) -> "Wall":
        return cls(link.name, Period(link.period), link.by_team, link.team, link.mission, link=link)

    def window(self, today: date) -> Window:
        return window(self.period, today=today, first=self.first, last=self.last)

    @property
    def question(self) -> str:
        """What is asked of the scores, whatever the wall is called: walls that hang in two rooms ask the same."""
        ids = [row.pk if row else 0 for row in (self.team, self.mission)]
        return f"{current_tenant().pk} {self.period} {self.first} {self.last} {self.by_team} {ids}"


@dataclass(frozen=True, slots=True)
class Pulse:
    """All that is asked when nothing has changed. `etag` differs when the page may differ, `places` when the board."""

    etag: str
    places: str
    points_today: int
    completions_today: int
    latest: Sequence[dict[str, Any]]


def pulse(wall: Wall, *, at: datetime, page: str) -> Pulse:
    """The wall's pulse at a moment, noting on its link that it was shown. `page` is the version of the page around it.

    One statement.
    """
    today = today_in(current_tenant(), at)
    days = wall.window(today)
    marks, points, completions, latest = run(
        _PULSE,
        {
            "tenant": current_tenant().pk,
            "link": wall.link.pk if wall.link else None,
            "at": at,
            "seen_before": at - SEEN_EVERY,
            "today": today,
            "start": days.start,
            "end": days.end,
            "mission": wall.mission and wall.mission.pk,
            "team": wall.team and wall.team.pk,
            "looked_through": LOOKED_THROUGH,
            "latest": LATEST,
        },
    )[0]
    places = _digest(marks, wall.question, str(today), int(at.timestamp()) // RECOUNTED_EVERY)
    etag = _digest(places, points, completions, latest, page, wall.name, current_tenant().name)
    return Pulse(f'"{etag}"', places, points, completions, json.loads(latest))


def _digest(*told: str | int) -> str:
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()[:32]


def board(wall: Wall, pulse: Pulse, *, at: datetime, page: str) -> dict[str, Any]:
    """The whole of what a wall shows, in the current language. At most one statement besides the pulse."""
    tenant = current_tenant()
    days = wall.window(today_in(tenant, at))
    return {
        "page": page,
        "name": wall.name,
        "tenant": tenant.name,
        "period": str(wall.period.label),
        "days": _days_in_words(days),
        "of": [row.name for row in (wall.team, wall.mission) if row],
        "today": {"points": pulse.points_today, "completions": pulse.completions_today},
        "rows": caches["process"].get_or_set(f"wall-places:{pulse.places}", lambda: _rows(wall, days), RECOUNTED_EVERY),
        "latest": [_completion(each, at) for each in pulse.latest],
    }


def _rows(wall: Wall, days: Window) -> list[dict[str, Any]]:
    found = _places(wall, days)
    # A morning on which nobody has done anything yet is no ten-fold first place.
    scored = [standing for standing in found if standing.points or standing.completions]
    most = max((standing.points for standing in scored), default=0)
    return [
        {
            "key": _key(*_subject(standing)),
            "rank": standing.rank,
            "name": standing.name,
            "team": standing.team if isinstance(standing, Standing) else "",
            "points": standing.points,
            "completions": standing.completions,
            "movement": standing.movement,
            "share": round(max(standing.points, 0) / most, 3) if most > 0 else 0,
        }
        for standing in scored
    ]


def _places(wall: Wall, days: Window) -> Sequence[Standing | TeamStanding]:
    """The first places, with the ranks of the period before as they were within the last minute."""
    before = window_before(days)
    if before is None:
        return _standings(wall, days, None, ROWS)
    name = f"wall-before:{_digest(wall.question, str(before))}"
    ranks: dict[int, int | None] | None = caches["process"].get(name)
    if ranks is None:
        # Everybody's: whoever climbs onto the wall meanwhile has come from somewhere, too.
        everybody = _standings(wall, days, before, None)
        caches["process"].set(name, {_subject(each)[1]: each.previous_rank for each in everybody}, PAST_KEPT)
        return everybody[:ROWS]
    first = _standings(wall, days, None, ROWS)
    return [replace(standing, previous_rank=ranks.get(_subject(standing)[1])) for standing in first]


def _standings(
    wall: Wall, days: Window, previous: Window | None, limit: int | None
) -> Sequence[Standing | TeamStanding]:
    if wall.by_team:
        return team_standings(days, previous=previous, mission=wall.mission, limit=limit)
    return standings(days, previous=previous, mission=wall.mission, team=wall.team, limit=limit)


def _subject(standing: Standing | TeamStanding) -> tuple[str, int]:
    if isinstance(standing, Standing):
        return "person", standing.collaborator_id
    return "team", standing.team_id


def _completion(latest: dict[str, Any], at: datetime) -> dict[str, Any]:
    happened_at = datetime.fromisoformat(latest["at"])
    return {
        "key": _key("activity", latest["id"]),
        "name": latest["name"],
        "mission": latest["mission"],
        "points": latest["points"],
        "at": latest["at"],
        "fresh": at - happened_at < FRESH,
    }


def _key(kind: str, number: int) -> str:
    """What tells rows apart from one answer to the next, and says nothing else."""
    return salted_hmac("missions.walls", f"{kind}:{number}", algorithm="sha256").hexdigest()[:16]


def _days_in_words(days: Window) -> str:
    if days.start is None or days.end is None:
        return ""
    first, last = days.start, days.end - DAY
    if days.period == Period.MONTH:
        return formats.date_format(first, "YEAR_MONTH_FORMAT")
    words = [formats.date_format(day, "MONTH_DAY_FORMAT") for day in (first, last)]
    return words[0] if first == last else " – ".join(words)


# Marks of everything that a board is made of, each read in a few steps: the newest evidence by primary key, the newest
# change by hand, who is there under which name, and what today adds up to.
_PULSE = """
WITH seen AS (
    UPDATE missions_walllink SET last_seen_at = %(at)s
    WHERE id = %(link)s AND tenant_id = %(tenant)s AND (last_seen_at IS NULL OR last_seen_at < %(seen_before)s)
), newest AS (
    SELECT id, collaborator_id, team_id, mission_id, points, occurred_at, day FROM missions_activity
    WHERE tenant_id = %(tenant)s ORDER BY id DESC LIMIT %(looked_through)s
), latest AS (
    SELECT newest.id, coalesce(survivor.name, person.name) AS name, mission.name AS mission, newest.points,
        newest.occurred_at AS at
    FROM (
        SELECT * FROM newest
        WHERE mission_id IS NOT NULL
            AND (%(mission)s::bigint IS NULL OR mission_id = %(mission)s)
            AND (%(team)s::bigint IS NULL OR team_id = %(team)s)
            AND day >= coalesce(%(start)s::date, '-infinity') AND day < coalesce(%(end)s::date, 'infinity')
        ORDER BY id DESC LIMIT %(latest)s
    ) AS newest
    JOIN missions_mission AS mission ON mission.tenant_id = %(tenant)s AND mission.id = newest.mission_id
    JOIN salesos_collaborator AS person ON person.tenant_id = %(tenant)s AND person.id = newest.collaborator_id
    LEFT JOIN salesos_collaborator AS survivor
        ON survivor.tenant_id = %(tenant)s AND survivor.id = person.merged_into_id
    -- Whoever is inactive has left the board.
    WHERE coalesce(survivor.is_active, person.is_active)
), today AS (
    SELECT sum(points) AS all_points, sum(completions) AS all_completions,
        sum(points) FILTER (WHERE is_shown) AS points, sum(completions) FILTER (WHERE is_shown) AS completions
    FROM (
        SELECT points, completions, (%(mission)s::bigint IS NULL OR mission_id = %(mission)s)
            AND (%(team)s::bigint IS NULL OR team_id = %(team)s) AS is_shown
        FROM missions_score WHERE tenant_id = %(tenant)s AND day = %(today)s
    ) AS scores
)
SELECT concat_ws(
        ' ',
        (SELECT concat(max(id), '/', count(*), '/', sum(id)) FROM newest),
        (SELECT max(id) FROM missions_adjustment WHERE tenant_id = %(tenant)s),
        (SELECT max(id) FROM salesos_auditentry WHERE tenant_id = %(tenant)s),
        (SELECT sum(hashtextextended(concat_ws('|', id, name, team_id, is_active, merged_into_id), 0))
            FROM salesos_collaborator WHERE tenant_id = %(tenant)s),
        (SELECT sum(hashtextextended(concat_ws('|', id, name), 0)) FROM salesos_team WHERE tenant_id = %(tenant)s),
        concat(today.all_points, '/', today.all_completions)
    ),
    coalesce(today.points, 0)::bigint, coalesce(today.completions, 0)::bigint,
    (SELECT coalesce(jsonb_agg(to_jsonb(latest) ORDER BY latest.at DESC, latest.id DESC), '[]')::text FROM latest)
FROM today
"""
