"""Which code is worth what: map it from now on, see what that would do to the past, and apply it to the past."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Q, Sum, Value
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _

from missions import sources
from missions.leaderboards import standings
from missions.models import Activity, Mapping, Mission, ReceivedCode
from missions.models.mission import MOST_POINTS
from missions.periods import Period, Window
from missions.scores import ADDED, INTO_SCORES
from salesos.database import run
from salesos.errors import Refused
from salesos.models import User
from salesos.retrying import DEADLOCK, SERIALIZATION_FAILURE, retried
from salesos.tenancy import current_tenant

logger = logging.getLogger(__name__)

ALL_TIME = Window(None, None, Period.ALL)


@dataclass(frozen=True, slots=True)
class Move:
    """A person whom an application of mappings would lead to another rank."""

    name: str
    old_rank: int
    new_rank: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What applying would do: activities and points of all time, moves on the board of the window asked for."""

    activities: int
    points: int
    moves: list[Move]


@dataclass(frozen=True, slots=True)
class Applied:
    activities: int
    points: int


@dataclass(frozen=True, slots=True)
class CodeReceived:
    """A code as Configure shows it: what arrived of it, what of that counts for nothing yet, and where it leads."""

    code: str
    received: int
    """Since the day that was asked for."""
    last_received_at: datetime | None
    uncounted: int
    """Of all time."""
    mapping: Mapping | None


# Changes, from now on


@transaction.atomic
def set_mapping(
    source: str, code: str, *, mission: Mission, points: int, by: User | None = None, label: str | None = None
) -> Mapping:
    """Let `code` of `source` lead to `mission` for `points`, for what arrives from now on. `label` None leaves it as it
    is. Raises `Refused`."""
    sources.source(source).refuse_unknown(code)
    if not Mission.objects.filter(pk=mission.pk).exists():
        raise Refused("unknown_mission", _("There is no such mission."), field="mission")
    changes: dict[str, Any] = {"mission": mission, "points": _refuse_points(points), "updated_by": by}
    if label is not None:
        changes["label"] = label.strip()
        _refuse_unclean(Mapping(label=changes["label"]), "label")
    return Mapping.objects.update_or_create(source=source, code=code, defaults=changes)[0]


def remove_mapping(source: str, code: str, *, by: User | None) -> None:
    """Stop counting `code`. Points that were earned stay. Raises `Refused` when it is not mapped."""
    deleted, _rows = Mapping.objects.filter(source=source, code=code).delete()
    if not deleted:
        raise _not_mapped(code)
    logger.info("Mapping %s/%s of tenant %s removed by user %s.", source, code, current_tenant().pk, by and by.pk)


def mission_named(name: str) -> Mission:
    """The mission of this name, in any case; made when there is none. Raises `Refused` for a name that can't be one."""
    name = name.strip()
    _refuse_unclean(Mission(name=name), "name")
    return Mission.objects.annotate(folded=Lower("name")).get_or_create(
        folded__exact=Lower(Value(name)), defaults={"name": name}
    )[0]


def _refuse_points(points: int) -> int:
    if not 0 <= points <= MOST_POINTS:
        message = _("Expected 0 to %(most)d points.") % {"most": MOST_POINTS}
        raise Refused("points_out_of_range", message, field="points")
    return points


def _refuse_unclean(row: Mapping | Mission, field: str) -> None:
    others = {each.name for each in row._meta.fields} - {field}
    try:
        row.clean_fields(exclude=others)
    except ValidationError as error:
        raise Refused("invalid", error.message_dict[field][0], field=field) from None


def _not_mapped(code: str) -> Refused:
    return Refused("not_mapped", _("Code %(code)s is not mapped.") % {"code": code}, field="code")


# The past

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
    return Preview(activities, total, _moves(window, by_person) if total else [])


def apply(
    source: str,
    code: str,
    *,
    on_progress: Callable[[Applied], None] | None = None,
    chunk: int = 5000,
) -> Applied:
    """Count the activities of `code` that were received but not counted, with the mission and points that its mapping
    has now; each counts on its own day. Raises `Refused` without a mapping, or when its mission is inactive.

    Each chunk is one statement and, outside of a transaction, one transaction: `on_progress` is told the sum after each
    of them, and a run that was broken off is taken up by the next. Two at once share the work.
    """
    mapping = Mapping.objects.select_related("mission").filter(source=source, code=code).first()
    if mapping is None:
        raise _not_mapped(code)
    _refuse_inactive(mapping)
    count = after = 0
    while True:
        counted, last_id = _count_chunk(mapping, after=after, chunk=chunk)
        if counted:
            count, after = count + counted, last_id
            if on_progress:
                on_progress(Applied(count, count * mapping.points))
        elif after:
            # Once more from the start: rows with smaller ids may have been committed behind our back.
            after = 0
        else:
            return Applied(count, count * mapping.points)


def received_codes(source: str, *, since: date) -> list[CodeReceived]:
    """Every code of `source` that was ever received or is mapped, in order. `since` is the first day that `received`
    counts (`periods.last_days`). Three statements."""
    sources.source(source)
    received = {
        row["code"]: row
        for row in ReceivedCode.objects.filter(source=source)
        .values("code")
        .annotate(count=Coalesce(Sum("received", filter=Q(day__gte=since)), 0), last=Max("last_received_at"))
        .order_by()
    }
    uncounted = dict(
        Activity.objects.uncounted().filter(source=source).values_list("code").annotate(Count("pk")).order_by()
    )
    mappings = {row.code: row for row in Mapping.objects.select_related("mission").filter(source=source)}
    return [
        CodeReceived(
            code=code,
            received=received[code]["count"] if code in received else 0,
            last_received_at=received[code]["last"] if code in received else None,
            uncounted=uncounted.get(code, 0),
            mapping=mappings.get(code),
        )
        for code in sorted(received.keys() | uncounted.keys() | mappings.keys())
    ]


def _worth(source: str, codes: list[str], given: dict[str, int]) -> dict[str, int]:
    """Points by code, from what is given or else from the saved mappings."""
    known = sources.source(source)
    worth = {known.refuse_unknown(code): _refuse_points(given[code]) for code in codes if code in given}
    missing = [code for code in codes if code not in worth]
    saved = Mapping.objects.select_related("mission").filter(source=source, code__in=missing) if missing else []
    for mapping in saved:
        _refuse_inactive(mapping)
        worth[mapping.code] = mapping.points
    for code in missing:
        if code not in worth:
            raise _not_mapped(code)
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
    before = {person.collaborator_id: person.rank for person in standings(window)}
    return [
        Move(person.name, before[person.collaborator_id], person.rank)
        for person in standings(window, gains=gains)
        if before.get(person.collaborator_id, person.rank) != person.rank
    ]


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
