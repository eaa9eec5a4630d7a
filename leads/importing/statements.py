"""A thousand leads in one statement, with their history."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from leads.actors import Actor
from leads.changes import TEXTS
from leads.models import Lead
from salesos.database import array, run, text_array
from salesos.tenancy import current_tenant

NewRow = tuple[Mapping[str, Any], uuid.UUID, int | None, str]
"""Values by field, public id, owner, status."""

FEW = 1000
"""Of a table that was analysed with fewer rows than this, the server may plan as if it were empty."""


def insert(rows: Sequence[NewRow], by: Actor, at: datetime) -> set[uuid.UUID]:
    """Write those leads whose e-mail nobody has, and that they were created. Returns their public ids."""
    made = run(
        _INSERT,
        {
            **_common(by, at),
            "public_ids": array([public_id for _values, public_id, _owner, _status in rows]),
            **{name: text_array([values.get(name, "") for values, *_rest in rows]) for name in TEXTS},
            "status": text_array([status for *_rest, status in rows]),
            "owners": array([owner for _values, _public_id, owner, _status in rows]),
            "custom_fields": text_array([_json(values.get("custom_fields")) for values, *_rest in rows]),
            "tags": text_array([text_array(values.get("tags", ())) for values, *_rest in rows]),
        },
    )
    return {public_id for (public_id,) in made}


def update(leads: Sequence[Lead], histories: Sequence[Mapping[str, Any]], by: Actor, at: datetime) -> None:
    """Write these leads, which the caller has locked, as they are now, but for their e-mail; and what changed."""
    run(
        _UPDATE,
        {
            **_common(by, at),
            "ids": array([lead.pk for lead in leads]),
            **{name: text_array([getattr(lead, name) for lead in leads]) for name in TEXTS if name != "email"},
            "status": text_array([str(lead.status) for lead in leads]),
            "owners": array([lead.owner_id for lead in leads]),
            "custom_fields": text_array([_json(lead.custom_fields) for lead in leads]),
            "tags": text_array([text_array(lead.tags) for lead in leads]),
            "changes": text_array([_json(changes) for changes in histories]),
        },
    )


def keep_the_plans_good() -> None:
    """Have a table analysed that has just got its first rows.

    The plans that a connection keeps for it, foreign keys included, are made for an empty table, and read all of a
    tenant for each row: ten times slower by the twentieth chunk, long before the server's own housekeeping comes by.
    """
    ((known,),) = run("SELECT reltuples FROM pg_class WHERE oid = 'leads_lead'::regclass")
    if known < FEW:
        run("ANALYZE leads_lead, leads_leadevent, leads_leadword")


def _common(by: Actor, at: datetime) -> dict[str, Any]:
    return {"tenant": current_tenant().pk, "at": at, **by.columns}


def _json(value: Any) -> str:
    return to_json(value).decode() if value else "{}"


_INSERT = """
WITH made AS (
    INSERT INTO leads_lead (
        tenant_id, public_id, name, email, phone, company, position, source, status, owner_id, custom_fields, tags,
        created_at, updated_at, version
    )
    SELECT %(tenant)s, public_id, name, email, phone, company, position, source, status, owner_id, custom_fields::jsonb,
        tags::text[], %(at)s, %(at)s, 1
    FROM unnest(
        %(public_ids)s::uuid[], %(name)s::text[], %(email)s::text[], %(phone)s::text[], %(company)s::text[],
        %(position)s::text[], %(source)s::text[], %(status)s::text[], %(owners)s::bigint[], %(custom_fields)s::text[],
        %(tags)s::text[]
    ) AS sent (public_id, name, email, phone, company, position, source, status, owner_id, custom_fields, tags)
    -- Quicker than to find out by writing; between several at the same moment the index decides.
    WHERE NOT EXISTS (
        SELECT 1 FROM leads_lead AS known
        WHERE known.tenant_id = %(tenant)s AND lower(known.email) = lower(sent.email)
        OFFSET 0  -- one look into the unique index for each, never a join planned while the table was small
    )
    AND NOT EXISTS (
        SELECT 1 FROM leads_leadmerge AS merge
        WHERE merge.tenant_id = %(tenant)s AND lower(merge.email) = lower(sent.email)
        OFFSET 0
    )
    ON CONFLICT (tenant_id, lower(email)) DO NOTHING
    RETURNING id, public_id
),
noted AS (
    INSERT INTO leads_leadevent (tenant_id, lead_id, kind, changes, at, actor_kind, actor_id, actor_name)
    SELECT %(tenant)s, id, 'lead.created', '{}', %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s FROM made
)
SELECT public_id FROM made
"""

_UPDATE = """
WITH sent AS (
    SELECT *
    FROM unnest(
        %(ids)s::bigint[], %(name)s::text[], %(phone)s::text[], %(company)s::text[], %(position)s::text[],
        %(source)s::text[], %(status)s::text[], %(owners)s::bigint[], %(custom_fields)s::text[], %(tags)s::text[],
        %(changes)s::text[]
    ) AS row (id, name, phone, company, position, source, status, owner_id, custom_fields, tags, changes)
),
noted AS (
    INSERT INTO leads_leadevent (tenant_id, lead_id, kind, changes, at, actor_kind, actor_id, actor_name)
    SELECT %(tenant)s, id, 'lead.updated', changes::jsonb, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s
    FROM sent
)
UPDATE leads_lead AS lead
SET name = sent.name, phone = sent.phone, company = sent.company, position = sent.position, source = sent.source,
    status = sent.status, owner_id = sent.owner_id, custom_fields = sent.custom_fields::jsonb,
    tags = sent.tags::text[], updated_at = %(at)s, version = lead.version + 1
FROM sent WHERE lead.tenant_id = %(tenant)s AND lead.id = sent.id
"""
