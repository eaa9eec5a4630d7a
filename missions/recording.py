"""The hot path: a batch of activities → rows, points, scores, in one statement.

Two statements for a thousand activities: who and what they are (`_RESOLVE`), then everything that is written
(`_RECORD`); a third (`_KEEP`) where something is or was unmatched. Duplicates are decided by the unique constraint on
(tenant, source, external id), so that any number of workers with the same batch process each activity once (contract,
“sync_activities”).
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.db import transaction

from salesos.database import array, run, text_array
from salesos.models import Tenant
from salesos.retrying import DEADLOCK, FOREIGN_KEY_VIOLATION, SERIALIZATION_FAILURE, retried
from salesos.tenancy import current_tenant


@dataclass(frozen=True, slots=True, eq=False)
class Receipt:
    """When and by which request an activity came; one object for all of a request, told apart by identity."""

    at: datetime
    request_id: uuid.UUID | None


class SentActivity(NamedTuple):
    """An activity as it was sent, well-formed: the code checked, the e-mail in its normal form, the moment aware."""

    code: str
    external_id: str
    email: str
    occurred_at: datetime
    data: str
    """A JSON object, as text."""
    receipt: Receipt


class Recorded(NamedTuple):
    """What became of a batch; the three add up to its length."""

    processed: int
    skipped: int
    duplicates: int


class _Known(NamedTuple):
    """What the tenant knows about a batch when it arrives."""

    people: dict[str, tuple[int, int | None]]
    """E-mail → (collaborator id, team id), active people and their aliases only."""
    missions: dict[str, tuple[int, int]]
    """Code → (mission id, points), active missions only."""
    has_unmatched: bool


# A mission or team that is deleted while a batch comes in is unknown to the second attempt.
@retried(SERIALIZATION_FAILURE, DEADLOCK, FOREIGN_KEY_VIOLATION)
def record_activities(source: str, sent: Sequence[SentActivity]) -> Recorded:
    """Record a batch of one source in the current tenant, whole or not at all, points and scores included.

    An activity whose external id is recorded already, or stands earlier in the batch, is a duplicate and changes
    nothing. One whose e-mail no active collaborator has is skipped: kept as unmatched, its external id not taken.
    """
    if not sent:
        return Recorded(0, 0, 0)
    tenant = current_tenant()
    known = _resolve(tenant, source, sent)
    matched: dict[str, SentActivity] = {}
    unmatched: list[SentActivity] = []
    for activity in sent:
        if activity.email not in known.people:
            unmatched.append(activity)
        else:
            matched.setdefault(activity.external_id, activity)
    # Of several with one id the first counts, of which somebody is known where there is one; the others are duplicates.
    kept: dict[str, SentActivity] = {}
    for activity in unmatched:
        if activity.external_id not in matched:
            kept.setdefault(activity.external_id, activity)
    # Sorted, so that two batches with the same ids write them in the same order and never deadlock.
    recorded, skipped = _write(
        tenant, source, [matched[key] for key in sorted(matched)], [kept[key] for key in sorted(kept)], known
    )
    return Recorded(recorded, skipped, len(sent) - recorded - skipped)


def record_of(source: str, sent: Sequence[SentActivity], *, people: Mapping[str, tuple[int, int | None]]) -> int:
    """Record activities of our own in the caller's transaction, points and scores included; return how many were new.

    `people` says whose they are, active or not: e-mail → (collaborator id, team id).
    """
    tenant = current_tenant()
    known = _resolve(tenant, source, sent)._replace(people=dict(people))
    return _record(tenant, source, sorted(sent, key=lambda activity: activity.external_id), known)


def _resolve(tenant: Tenant, source: str, sent: Sequence[SentActivity]) -> _Known:
    rows = run(
        _RESOLVE,
        {
            "tenant": tenant.pk,
            "source": source,
            "emails": text_array({activity.email for activity in sent}),
            "codes": text_array({activity.code for activity in sent}),
        },
    )
    known = _Known({}, {}, any(kind == "unmatched" for kind, *_ in rows))
    for kind, name, number, other in rows:
        if kind == "person":
            known.people[name] = (number, other)
        elif kind == "mapping":
            known.missions[name] = (number, other)
    return known


def _write(
    tenant: Tenant, source: str, matched: list[SentActivity], kept: list[SentActivity], known: _Known
) -> tuple[int, int]:
    """Write a batch. Returns how many activities were new, and how many were kept as unmatched."""
    if not kept and not known.has_unmatched:
        return _record(tenant, source, matched, known), 0
    with transaction.atomic():
        return _record(tenant, source, matched, known), _keep(tenant, source, kept, matched)


def _record(tenant: Tenant, source: str, matched: list[SentActivity], known: _Known) -> int:
    zone = tenant.zone
    # People and codes come many times in a batch: each row says which by its number, from 1.
    people = {email: number for number, email in enumerate(known.people, start=1)}
    codes = {code: number for number, code in enumerate({activity.code for activity in matched}, start=1)}
    missions = [known.missions.get(code, _NO_MISSION) for code in codes]
    arrivals = {receipt.at for receipt in {activity.receipt for activity in matched}}
    rows = run(
        _RECORD,
        {
            "tenant": tenant.pk,
            "source": source,
            "people": array([people[activity.email] for activity in matched]),
            "collaborators": array([collaborator for collaborator, _ in known.people.values()]),
            "teams": array([team for _, team in known.people.values()]),
            "codes": array([codes[activity.code] for activity in matched]),
            "code_names": text_array(codes),
            "missions": array([mission for mission, _ in missions]),
            "points": array([points for _, points in missions]),
            "days": array([activity.occurred_at.astimezone(zone).date() for activity in matched]),
            "arrivals": array([moment.isoformat() for moment in arrivals]),
            "arrival_days": array([moment.astimezone(zone).date() for moment in arrivals]),
            **_columns(matched),
        },
    )
    return rows[0][0]


def _keep(tenant: Tenant, source: str, kept: list[SentActivity], matched: list[SentActivity]) -> int:
    """Keep what could not be matched, unless it is recorded already; let go of what was kept and now is recorded."""
    rows = run(
        _KEEP,
        {
            "tenant": tenant.pk,
            "source": source,
            "recorded_ids": text_array([activity.external_id for activity in matched]),
            "codes": text_array([activity.code for activity in kept]),
            "emails": text_array([activity.email for activity in kept]),
            **_columns(kept),
        },
        prepare=False,
    )
    return rows[0][0]


_NO_MISSION = (None, None)


def _columns(activities: list[SentActivity]) -> dict[str, str]:
    """What activities say of themselves, matched or not, a column each; receipts by their number, from 1.

    Moments travel as Unix seconds, which both sides read and write in half the time of a date; a float tells
    microseconds apart until the year 2106.
    """
    receipts = {
        receipt: number for number, receipt in enumerate({activity.receipt for activity in activities}, start=1)
    }
    return {
        "external_ids": text_array([activity.external_id for activity in activities]),
        "moments": array([activity.occurred_at.timestamp() for activity in activities]),
        "receipts": array([receipts[activity.receipt] for activity in activities]),
        "received": array([receipt.at.isoformat() for receipt in receipts]),
        "requests": array([receipt.request_id for receipt in receipts]),
        "data": text_array([activity.data for activity in activities]),
    }


# An alias' activities are recorded for itself, in its survivor's team and while its survivor is active.
_SURVIVOR = "FROM salesos_collaborator WHERE tenant_id = record.tenant_id AND id = record.merged_into_id"

_RESOLVE = f"""
SELECT 'person', sent.email, person.id, person.team_id
FROM unnest(%(emails)s::text[]) AS sent (email)
CROSS JOIN LATERAL (
    SELECT record.id,
        CASE WHEN merged_into_id IS NULL THEN team_id ELSE (SELECT team_id {_SURVIVOR}) END AS team_id
    FROM salesos_collaborator AS record
    WHERE tenant_id = %(tenant)s AND email = sent.email
        -- Looked up for aliases only.
        AND CASE WHEN merged_into_id IS NULL THEN is_active ELSE (SELECT is_active {_SURVIVOR}) END
    OFFSET 0  -- one look into the unique index for each, whatever the table looked like when this was planned
) AS person
UNION ALL
SELECT 'mapping', mapping.code, mission.id, mapping.points
FROM missions_mapping AS mapping
JOIN missions_mission AS mission ON mission.tenant_id = mapping.tenant_id AND mission.id = mapping.mission_id
WHERE mapping.tenant_id = %(tenant)s AND mapping.source = %(source)s AND mission.is_active
    AND mapping.code = ANY (%(codes)s::text[])
UNION ALL
SELECT 'unmatched', '', NULL, NULL
WHERE EXISTS (SELECT 1 FROM missions_unmatchedactivity WHERE tenant_id = %(tenant)s)
"""

_RECORD = """
WITH recorded AS (
    INSERT INTO missions_activity (
        tenant_id, source, external_id, code, collaborator_id, team_id, mission_id, points,
        occurred_at, day, received_at, request_id, data
    )
    SELECT %(tenant)s, %(source)s, external_id, (%(code_names)s::text[])[code],
        (%(collaborators)s::bigint[])[person], (%(teams)s::bigint[])[person],
        (%(missions)s::bigint[])[code], (%(points)s::integer[])[code],
        to_timestamp(moment), day, (%(received)s::timestamptz[])[receipt], (%(requests)s::uuid[])[receipt], data
    FROM unnest(
        %(external_ids)s::text[], %(codes)s::integer[], %(people)s::integer[], %(moments)s::double precision[],
        %(days)s::date[], %(receipts)s::integer[], %(data)s::jsonb[]
    ) AS sent (external_id, code, person, moment, day, receipt, data)
    ON CONFLICT (tenant_id, source, external_id) DO NOTHING
    RETURNING code, collaborator_id, team_id, mission_id, points, day, received_at
),
scored AS (
    INSERT INTO missions_score AS score (tenant_id, day, collaborator_id, team_id, mission_id, points, completions)
    SELECT %(tenant)s, day, collaborator_id, team_id, mission_id, sum(points), count(*)
    FROM recorded WHERE mission_id IS NOT NULL
    GROUP BY day, collaborator_id, team_id, mission_id
    ORDER BY day, collaborator_id, team_id, mission_id  -- the order in which every writer locks scores
    ON CONFLICT (tenant_id, day, collaborator_id, team_id, mission_id) DO UPDATE
    SET points = score.points + excluded.points, completions = score.completions + excluded.completions
),
tallied AS (
    INSERT INTO missions_receivedcode AS tally (tenant_id, source, code, day, received, last_received_at)
    SELECT %(tenant)s, %(source)s, recorded.code, arrival.day, count(*), max(received_at)
    FROM recorded
    JOIN unnest(%(arrivals)s::timestamptz[], %(arrival_days)s::date[]) AS arrival (received_at, day)
        USING (received_at)
    GROUP BY recorded.code, arrival.day
    ORDER BY recorded.code, arrival.day
    ON CONFLICT (tenant_id, source, code, day) DO UPDATE
    SET received = tally.received + excluded.received,
        last_received_at = greatest(tally.last_received_at, excluded.last_received_at)
)
SELECT count(*) FROM recorded
"""

_KEEP = """
WITH released AS (
    DELETE FROM missions_unmatchedactivity
    WHERE tenant_id = %(tenant)s AND source = %(source)s AND external_id = ANY (%(recorded_ids)s::text[])
),
kept AS (
    INSERT INTO missions_unmatchedactivity (
        tenant_id, source, external_id, code, email, occurred_at, received_at, request_id, data
    )
    SELECT %(tenant)s, %(source)s, external_id, code, email, to_timestamp(moment),
        (%(received)s::timestamptz[])[receipt], (%(requests)s::uuid[])[receipt], data
    FROM unnest(
        %(external_ids)s::text[], %(codes)s::text[], %(emails)s::text[], %(moments)s::double precision[],
        %(receipts)s::integer[], %(data)s::jsonb[]
    ) AS sent (external_id, code, email, moment, receipt, data)
    WHERE NOT EXISTS (
        SELECT 1 FROM missions_activity AS activity
        WHERE activity.tenant_id = %(tenant)s AND activity.source = %(source)s
            AND activity.external_id = sent.external_id
        OFFSET 0  -- one look into the unique index for each, never a join planned while the table was small
    )
    ON CONFLICT (tenant_id, source, external_id) DO UPDATE
    SET code = excluded.code, email = excluded.email, occurred_at = excluded.occurred_at,
        received_at = excluded.received_at, request_id = excluded.request_id, data = excluded.data
    RETURNING 1
)
SELECT count(*) FROM kept
"""
