"""Mappings and the past: what counting it by today's mappings would do, and doing it, at once or a step at a time."""

import time
from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from missions import sources
from missions.leaderboards import standings
from missions.mapping import not_mapped, refuse_points
from missions.models import Activity, Mapping
from missions.periods import Period, Window
from missions.scores import ADDED, INTO_SCORES
from salesos import audit
from salesos.database import run
from salesos.errors import Refused
from salesos.retrying import DEADLOCK, SERIALIZATION_FAILURE, retried

ALL_TIME = Window(None, None, Period.ALL)


@dataclass(frozen=True, slots=True)
class Move:
    """A person whose points or rank an application of mappings would change."""

    name: str
    gained: int
    old_rank: int
    new_rank: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying would do: activities, points and people of all time, moves on the board of the window asked for."""

    activities: int
    points: int
    people: int
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class Applied:
    activities: int
    points: int
    is_finished: bool = True
    """Nothing of what was asked for was left when it ended."""


# The partial index activity_uncounted holds the rows in this order. Rows that somebody else is counting are waited
# for; they come back counted and drop out, so that two applications at once count each row once.
_COUNT_CHUNK = f"""
WITH claimed AS (
    SELECT id FROM missions_activity
    WHERE tenant_id = %(tenant)s AND source = %(source)s AND code = %(code)s AND mission_id IS NULL AND id > %(after)s
    ORDER BY id LIMIT %(chunk)s
    FOR UPDATE
), counted AS (
    UPDATE missions_activity AS activity SET mission_id = %(mission)s, points = %(points)s
    FROM claimed WHERE activity.tenant_id = %(tenant)s AND activity.id = claimed.id
    RETURNING activity.id, activity.day, activity.collaborator_id, activity.team_id
), scored AS (
    {INTO_SCORES}
    SELECT %(tenant)s, day, collaborator_id, team_id, %(mission)s, count(*) * %(points)s, count(*) FROM counted
    GROUP BY day, collaborator_id, team_id ORDER BY day, collaborator_id, team_id
    {ADDED}
)
SELECT count(*), max(id) FROM counted
"""


def preview(
    source: str, codes: Iterable[str], *, points: dict[str, int] | None = None, window: Window = ALL_TIME
) -> Preview:
    """What `apply` would do to the activities received so far, were it called for each of `codes` now.

    `points` names the points of codes whose mapping is not saved yet, or is to change. Raises `Refused` for a code that
    has neither a mapping nor points here. Three statements, four with mappings to look up.
    """
    worth = _worth(source, list(dict.fromkeys(codes)), points or {})
    by_person: dict[int, int] = {}
    activities = total = 0
    for code, collaborator_id, received, in_window in _uncounted_by_person(source, list(worth), window):
        activities += received
        total += received * worth[code]
        by_person[collaborator_id] = by_person.get(collaborator_id, 0) + in_window * worth[code]
    return Preview(activities, total, len(by_person), _moves(window, by_person) if total else [])


def apply(
    source: str,
    code: str,
    *,
    on_progress: Callable[[Applied], None] | None = None,
    chunk: int = 5000,
    seconds: float | None = None,
) -> Applied:
    """Count the activities of `code` that were received but not counted, with the mission and points that its mapping
    has now; each counts on its own day. Raises `Refused` without a mapping, or when its mission is inactive.

    Each chunk is one statement and, outside of a transaction, one transaction: `on_progress` is told the sum after each
    of them, and a run that was broken off is taken up by the next. Two at once share the work. With `seconds` it ends
    unfinished at the first chunk after that time. However it ends, what it counted is in the audit trail.
    """
    mapping = Mapping.objects.select_related("mission").filter(source=source, code=code).first()
    if mapping is None:
        raise not_mapped(code)
    _refuse_inactive(mapping)
    return _apply(mapping, on_progress, chunk, None if seconds is None else time.monotonic() + seconds)


def apply_some(source: str, expected: MappingOf[str, tuple[str, int]], *, seconds: float, chunk: int = 5000) -> Applied:
    """A step of applying several codes: as `apply` for one after the other, for about `seconds`.

    `expected` says for each code the mission's name and the points that somebody agreed to. Raises `Refused` when a
    mapping is another one by now, before anything is counted.
    """
    ends_at = time.monotonic() + seconds
    mappings = Mapping.objects.select_related("mission").filter(source=source, code__in=expected)
    by_code = {mapping.code: mapping for mapping in mappings}
    for code in sorted(expected):
        _refuse_another(by_code.get(code), code, expected[code])
    activities = points = 0
    for code in sorted(expected):
        applied = _apply(by_code[code], None, chunk, ends_at)
        activities, points = activities + applied.activities, points + applied.points
        if not applied.is_finished:
            return Applied(activities, points, is_finished=False)
    return Applied(activities, points)


def _refuse_another(mapping: Mapping | None, code: str, expected: tuple[str, int]) -> None:
    if mapping is None:
        raise not_mapped(code)
    if (mapping.mission.name, mapping.points) != expected:
        message = _("The mapping of code %(code)s was changed meanwhile. Look at the preview again.")
        raise Refused("changed_meanwhile", message % {"code": code})
    _refuse_inactive(mapping)


def _apply(
    mapping: Mapping, on_progress: Callable[[Applied], None] | None, chunk: int, ends_at: float | None
) -> Applied:
    count = after = 0
    try:
        while True:
            counted, last_id = _count_chunk(mapping, after=after, chunk=chunk)
            if counted:
                count, after = count + counted, last_id
                if on_progress:
                    on_progress(Applied(count, count * mapping.points))
                if ends_at is not None and time.monotonic() >= ends_at:
                    return Applied(count, count * mapping.points, is_finished=False)
            elif after:
                # Once more from the start: rows with smaller ids may have been committed behind our back.
                after = 0
            else:
                return Applied(count, count * mapping.points)
    finally:
        if count:
            audit.record(
                "mapping.applied",
                mapping,
                changes={"activities": (None, count), "points": (None, count * mapping.points)},
            )


def _worth(source: str, codes: list[str], given: dict[str, int]) -> dict[str, int]:
    """Points by code, from what is given or else from the saved mappings."""
    known = sources.source(source)
    worth = {known.refuse_unknown(code): refuse_points(given[code]) for code in codes if code in given}
    missing = [code for code in codes if code not in worth]
    saved = Mapping.objects.select_related("mission").filter(source=source, code__in=missing) if missing else []
    for mapping in saved:
        _refuse_inactive(mapping)
        worth[mapping.code] = mapping.points
    for code in missing:
        if code not in worth:
            raise not_mapped(code)
    return worth


def _refuse_inactive(mapping: Mapping) -> None:
    if not mapping.mission.is_active:
        message = _("The mission “%(mission)s” is inactive and awards nothing.") % {"mission": mapping.mission.name}
        raise Refused("mission_inactive", message, field="mission")


def _uncounted_by_person(source: str, codes: list[str], window: Window) -> Iterable[tuple[str, int, int, int]]:
    """(code, collaborator id, activities, those of them in `window`)."""
    in_window = Q()
    if window.start is not None:
        in_window &= Q(day__gte=window.start)
    if window.end is not None:
        in_window &= Q(day__lt=window.end)
    rows = Activity.objects.uncounted().filter(source=source, code__in=codes).order_by()
    return rows.values_list("code", "collaborator_id").annotate(all=Count("pk"), inside=Count("pk", filter=in_window))


def _moves(window: Window, gains: dict[int, int]) -> list[Move]:
    before = {person.collaborator_id: person for person in standings(window)}
    moves = []
    for person in standings(window, gains=gains):
        was = before.get(person.collaborator_id, person)
        if (was.rank, was.points) != (person.rank, person.points):
            moves.append(Move(person.name, person.points - was.points, was.rank, person.rank))
    return moves


@retried(SERIALIZATION_FAILURE, DEADLOCK)
def _count_chunk(mapping: Mapping, *, after: int, chunk: int) -> tuple[int, int]:
    """(activities counted, the last of their ids)."""
    parameters = {
        "tenant": mapping.tenant_id,
        "source": mapping.source,
        "code": mapping.code,
        "mission": mapping.mission_id,
        "points": mapping.points,
        "after": after,
        "chunk": chunk,
    }
    counted, last_id = run(_COUNT_CHUNK, parameters)[0]
    return counted, last_id or 0
