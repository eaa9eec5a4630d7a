"""Points from the pipeline: what leads and deals earn their owners, after any sequence of changes.

**The rule.** What counts is how things are, not the way there. Each lead and each deal holds codes by its status:

| a lead that is | holds |
|---|---|
| new | `lead.created` |
| contacted, or unqualified | also `lead.contacted`: to find out that a lead leads nowhere, somebody had to ask |
| qualified | also `lead.qualified` |
| converted | also `lead.converted` |
| deleted | nothing |

| a deal that is | holds |
|---|---|
| won | `deal.won` |
| open, lost or deleted | nothing |

Who owns it now has earned the codes that it holds, each once; without an owner nobody has. A status that was jumped
over is held, too: whoever qualifies a lead in one step gets no less than by two.

**What a code is worth** is settled when it is first earned, like any activity: its day, mission and points, by the
mapping of that moment. From then on it only changes hands. Taking back a win, going back in status, deleting, changing
the owner: each posts compensations on that same day, so that whoever undoes something gets back exactly what there was,
and moving things to and fro earns nothing. An activity that counts for nothing yet leaves no trace when its code is no
longer held; it begins anew when it is.
"""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction
from django.db.models import Min, Sum
from django.utils.translation import gettext as _
from pydantic_core import to_json

from missions.models import Activity, Adjustment
from missions.models.score import AdjustmentKind
from missions.recording import Receipt, SentActivity, record_of
from missions.scores import ADDED, INTO_SCORES
from missions.sources import LEADS, source
from salesos.database import array, run, text_array
from salesos.events import Event
from salesos.models import Collaborator
from salesos.tenancy import current_tenant

CHUNK = 1000
"""Leads or deals that are settled at once."""

_LEAD_CODES = ("lead.created", "lead.contacted", "lead.qualified", "lead.converted")
_HELD: Mapping[str, Mapping[str, Sequence[str]]] = {
    "lead": {
        "": (),
        "new": _LEAD_CODES[:1],
        "contacted": _LEAD_CODES[:2],
        "unqualified": _LEAD_CODES[:2],
        "qualified": _LEAD_CODES[:3],
        "converted": _LEAD_CODES,
    },
    "deal": {"": (), "open": (), "lost": (), "won": ("deal.won",)},
}
_CODES: Mapping[str, Sequence[str]] = {"lead": _LEAD_CODES, "deal": ("deal.won",)}

Place = tuple[int, int | None]
"""A person and the team in which something counts for them."""


@dataclass(frozen=True, slots=True)
class _Person:
    id: int
    email: str
    team_id: int | None
    same_as: int
    """The record that counts, for one that was merged into another."""


@dataclass(frozen=True, slots=True)
class _Earned:
    """A code of a lead or deal as it was first earned, and to whom it has gone since."""

    activity_id: int
    collaborator_id: int
    team_id: int | None
    mission_id: int | None
    points: int | None
    day: date
    occurred_at: datetime
    posted: Mapping[Place, int]
    """Completions that compensations added and took since, in the order in which each place first had one."""

    @property
    def places(self) -> dict[Place, int]:
        """Everywhere it ever counted → whether it counts there now, 1 or 0."""
        places = {(self.collaborator_id, self.team_id): 1}
        for place, completions in self.posted.items():
            places[place] = places.get(place, 0) + completions
        return places

    @property
    def place(self) -> Place | None:
        """Where it counts now."""
        return next((place for place, count in self.places.items() if count), None)


@dataclass(frozen=True, slots=True)
class _Compensation:
    earned: _Earned
    place: Place
    sign: int
    reason: str


def codes_held(noun: str, status: str) -> Sequence[str]:
    """The codes that a lead or deal in this status holds; "" for one that is gone. See the module."""
    return _HELD[noun][status]


# Without a savepoint: where it fails, the publisher's transaction can't be committed anyway (`salesos.events`).
@transaction.atomic(savepoint=False)
def settle(events: Sequence[Event]) -> None:
    """Let the points be those of the states that these events tell, of leads and deals of the current tenant.

    Of several events of one subject the last says how it is. The publisher has the subjects locked. At most five
    statements for a thousand of them.
    """
    # What is born without an owner never earned anything: most of what an import brings.
    born = {event.subject_id for event in events if event.name.endswith(".created") and event.owner_id is None}
    kept = [event for event in events if event.owner_id is not None or event.subject_id not in born]
    latest = list({(event.noun, event.subject_id): event for event in kept}.values())
    for start in range(0, len(latest), CHUNK):
        _settle(latest[start : start + CHUNK])


def _settle(events: Sequence[Event]) -> None:
    earned = _earned(events)
    people = _people(events, earned.values())
    gone: list[int] = []
    compensations: list[_Compensation] = []
    activities: list[SentActivity] = []
    for event in events:
        held = codes_held(event.noun, event.status)
        for code in _CODES[event.noun]:
            owner = people[event.owner_id] if event.owner_id is not None and code in held else None
            was = earned.get(_external_id(event.subject_id, code))
            if was is not None and was.mission_id is not None:
                compensations += _compensations(code, was, owner, people)
                continue
            if was is not None and owner is not None and _is_same(was.collaborator_id, owner, people):
                continue
            if was is not None:
                gone.append(was.activity_id)
            if owner is not None:
                activities.append(_activity(event, code, owner, occurred_at=was.occurred_at if was else event.at))
    if gone:
        Activity.objects.filter(pk__in=gone).delete()
    if activities:
        record_of(LEADS, activities, people={person.email: (person.id, person.team_id) for person in people.values()})
    if compensations:
        _post(compensations)


def _external_id(subject_id: uuid.UUID, code: str) -> str:
    return f"{subject_id}:{code}"


def _is_same(record_id: int, person: _Person, people: Mapping[int, _Person]) -> bool:
    return people[record_id].same_as == person.same_as


def _activity(event: Event, code: str, owner: _Person, *, occurred_at: datetime) -> SentActivity:
    return SentActivity(
        code=code,
        external_id=_external_id(event.subject_id, code),
        email=owner.email,
        occurred_at=occurred_at,
        # Nothing of what a lead is called: it may be deleted, and this stays.
        data=to_json({f"{event.noun}_id": event.subject_id}).decode(),
        receipt=Receipt(event.at, None),
    )


def _compensations(
    code: str, was: _Earned, owner: _Person | None, people: Mapping[int, _Person]
) -> Iterator[_Compensation]:
    """What takes a counted code from whoever has it now, and gives it to `owner`."""
    place = was.place
    if place is not None and owner is not None and _is_same(place[0], owner, people):
        return
    what = {"what": source(LEADS).labels[code]}
    if place is not None:
        reason = _("“%(what)s” no longer holds") if owner is None else _("“%(what)s” went to another owner")
        yield _Compensation(was, place, -1, reason % what)
    if owner is not None:
        reason = _("“%(what)s” holds again") if place is None else _("“%(what)s” came from another owner")
        # Where they had it before, although they may be in another team by now.
        before = (place for place in was.places if place[0] == owner.id)
        yield _Compensation(was, next(before, (owner.id, owner.team_id)), 1, reason % what)


def _earned(events: Iterable[Event]) -> dict[str, _Earned]:
    """What these subjects ever earned, by external id; locked, so that `missions.applying` waits."""
    external_ids = [_external_id(event.subject_id, code) for event in events for code in _CODES[event.noun]]
    # Django's cursor writes the ids into the statement: planned for just these, also before a table was analysed. They
    # are one parameter: thousands would cost more than what they look for.
    with connection.cursor() as cursor:
        cursor.execute(_EARNED, [current_tenant().pk, LEADS, text_array(external_ids)])
        rows = cursor.fetchall()
    posted = _posted([row[0] for row in rows if row[4] is not None])
    return {
        external_id: _Earned(
            activity_id, person_id, team_id, mission_id, points, day, occurred_at, posted.get(activity_id, {})
        )
        for activity_id, external_id, person_id, team_id, mission_id, points, day, occurred_at in rows
    }


_EARNED = """
SELECT id, external_id, collaborator_id, team_id, mission_id, points, day, occurred_at
FROM missions_activity WHERE tenant_id = %s AND source = %s AND external_id = ANY (%s::text[])
ORDER BY id FOR UPDATE
"""


def _posted(activity_ids: Sequence[int]) -> dict[int, dict[Place, int]]:
    """By activity: what compensations added and took at each place, in the order in which each was first concerned."""
    posted: dict[int, dict[Place, int]] = {}
    if not activity_ids:
        return posted
    sums = (
        Adjustment.objects.filter(activity__in=activity_ids)
        .values_list("activity_id", "collaborator_id", "team_id")
        .annotate(Sum("completions"), first=Min("pk"))
        .order_by("first")
    )
    for activity_id, person, team, completions, _first in sums:
        posted.setdefault(activity_id, {})[person, team] = completions
    return posted


def _people(events: Iterable[Event], earned: Iterable[_Earned]) -> dict[int, _Person]:
    """Everybody who is concerned, by record id."""
    ids = {event.owner_id for event in events if event.owner_id is not None}
    ids |= {person for row in earned for person, _team in row.places}
    if not ids:
        return {}
    rows = Collaborator.objects.filter(pk__in=ids).values_list("pk", "email", "team_id", "merged_into_id")
    return {pk: _Person(pk, email, team_id, merged_into or pk) for pk, email, team_id, merged_into in rows}


def _post(compensations: Sequence[_Compensation]) -> None:
    run(
        _POST,
        {
            "tenant": current_tenant().pk,
            "kind": AdjustmentKind.COMPENSATION,
            "activities": array(each.earned.activity_id for each in compensations),
            "people": array(each.place[0] for each in compensations),
            "teams": array(each.place[1] for each in compensations),
            "missions": array(each.earned.mission_id for each in compensations),
            "points": array(each.sign * (each.earned.points or 0) for each in compensations),
            "completions": array(each.sign for each in compensations),
            "days": array(each.earned.day for each in compensations),
            "reasons": text_array(each.reason for each in compensations),
        },
    )


_POST = f"""
WITH posted AS (
    INSERT INTO missions_adjustment (
        tenant_id, activity_id, collaborator_id, team_id, mission_id, kind, points, completions, day, reason, created_at
    )
    SELECT %(tenant)s, activity, person, team, mission, %(kind)s, points, completions, day, reason, now()
    FROM unnest(
        %(activities)s::bigint[], %(people)s::bigint[], %(teams)s::bigint[], %(missions)s::bigint[],
        %(points)s::integer[], %(completions)s::smallint[], %(days)s::date[], %(reasons)s::text[]
    ) AS sent (activity, person, team, mission, points, completions, day, reason)
    RETURNING day, collaborator_id, team_id, mission_id, points, completions
)
{INTO_SCORES}
SELECT %(tenant)s, day, collaborator_id, team_id, mission_id, sum(points), sum(completions)
FROM posted GROUP BY day, collaborator_id, team_id, mission_id
ORDER BY day, collaborator_id, team_id, mission_id
{ADDED}
"""
