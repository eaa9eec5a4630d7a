"""A page of leads and how many there are in all: one statement, quick at any size of the table.

Totals come from the database's own tally (`leads.models.LeadTally`) unless dates or a search narrow the list: then the
leads themselves are counted, by index.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple, cast

from django.db import connection
from pydantic_core import from_json

from leads.counted_searches import COUNTED_FROM, TOTAL, keep
from leads.models import Lead
from leads.owners import counted
from salesos.tenancy import current_tenant

SORTS: Mapping[str, str] = {
    "name": "leads_fold(lead.name)",
    "email": "lower(lead.email)",
    "company": "leads_fold(lead.company)",
    "source": "lead.source",
    "status": "lead.status",
    "created_at": "lead.created_at",
    "updated_at": "lead.updated_at",
}
"""What may be sorted by, and the indexed expression that does it."""

LONGEST_WALK = 50_000
"""So many leads are looked at one by one for a page, at most, before all that match are sorted instead."""


class LeadRow(NamedTuple):
    """A lead as lists, answers and exports show it: ids are public ones, the owner the record that counts."""

    id: uuid.UUID
    name: str
    email: str
    phone: str
    company: str
    position: str
    source: str
    status: str
    owner_id: uuid.UUID | None
    team_id: uuid.UUID | None
    custom_fields: dict[str, Any]
    tags: list[str]
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, lead: Lead) -> "LeadRow":
        """Asks the database for owner and team where `lead` was read without them."""
        owner = counted(lead.owner)
        return cls(
            id=lead.public_id,
            name=lead.name,
            email=lead.email,
            phone=lead.phone,
            company=lead.company,
            position=lead.position,
            source=lead.source,
            status=lead.status,
            owner_id=owner.public_id if owner else None,
            team_id=owner.team.public_id if owner and owner.team else None,
            custom_fields=lead.custom_fields,
            tags=lead.tags,
            created_at=lead.created_at,
            updated_at=lead.updated_at,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which leads, in which order, and which page of them. Ids are public; of moments the second no longer counts."""

    status: str = ""
    source: str = ""
    owner_id: uuid.UUID | None = None
    team_id: uuid.UUID | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None
    search: str = ""
    sort: str = "created_at"
    is_descending: bool = True
    offset: int = 0
    limit: int = 25

    @property
    def is_tallied(self) -> bool:
        return not (self.search or self.created_from or self.created_until)

    @property
    def is_kept(self) -> bool:
        """Whether it may be among the counted searches, whose total is kept (`leads.counted_searches`)."""
        return bool(self.search) and not (self.is_of_owners or self.created_from or self.created_until)

    @property
    def is_of_owners(self) -> bool:
        return self.owner_id is not None or self.team_id is not None


class Page(NamedTuple):
    total: int
    rows: list[LeadRow]


def page_of_leads(wanted: Wanted) -> Page:
    """The leads of the current tenant that are `wanted`, and how many there are on all pages."""
    # Not by `run`: the good plan depends on what is asked for, and on how many leads are so.
    with connection.cursor() as cursor:
        cursor.execute(_statement(wanted), _parameters(wanted))
        rows = cursor.fetchall()
    page = Page(int(rows[0][0]), [_read(row) for row in rows if row[2] is not None])
    if rows[0][1] and page.total >= COUNTED_FROM:
        keep(wanted.search, status=wanted.status, source=wanted.source)
    return page


def _parameters(wanted: Wanted) -> dict[str, Any]:
    return {
        "tenant": current_tenant().pk,
        "status": wanted.status,
        "source": wanted.source,
        "owner_id": wanted.owner_id,
        "team_id": wanted.team_id,
        "created_from": wanted.created_from,
        "created_until": wanted.created_until,
        "search": wanted.search,
        "offset": wanted.offset,
        "limit": wanted.limit,
        "longest_walk": LONGEST_WALK,
    }


def _read(row: tuple[Any, ...]) -> LeadRow:
    read: Any = LeadRow._make(row[2:])
    return cast("LeadRow", read._replace(custom_fields=from_json(read.custom_fields)))


def _statement(wanted: Wanted) -> str:
    total, page = _in_parts(wanted)
    common = [_OWNERS] if wanted.is_of_owners else []
    # The leads of the page by a tenant that the planner does not know: of one that is new it would think that it has a
    # single lead, and look for each among all.
    direction = "DESC" if wanted.is_descending else "ASC"
    return f"""
    WITH {", ".join([*common, *total, f"page (tenant_id, public_id) AS MATERIALIZED ({page})"])}
    SELECT counted.total, {_TO_KEEP if wanted.is_kept else "false"}, {_COLUMNS}
    FROM counted
    LEFT JOIN page ON true
    LEFT JOIN leads_lead AS lead ON lead.tenant_id = page.tenant_id AND lead.public_id = page.public_id
    LEFT JOIN salesos_collaborator AS record ON record.tenant_id = lead.tenant_id AND record.id = lead.owner_id
    LEFT JOIN salesos_collaborator AS survivor
        ON survivor.tenant_id = record.tenant_id AND survivor.id = record.merged_into_id
    LEFT JOIN salesos_team AS team ON team.tenant_id = record.tenant_id
        AND team.id = CASE WHEN survivor.id IS NULL THEN record.team_id ELSE survivor.team_id END
    ORDER BY {SORTS[wanted.sort]} {direction}, lead.public_id {direction}
    """


def _in_parts(wanted: Wanted) -> tuple[list[str], str]:
    """The common table expressions that count, and the query of the page's ids."""
    if wanted.is_kept:
        return _searched_by_total(wanted)
    if wanted.search:
        return _searched(wanted)
    is_narrow = wanted.is_of_owners or wanted.created_from or wanted.created_until
    return _narrowed(wanted) if is_narrow and wanted.sort != "created_at" else _listed(wanted)


_TO_KEEP = "NOT EXISTS (SELECT 1 FROM kept WHERE NOT is_stale)"
"""Whether the total should be kept, or is and has long not been asked for."""

_COLUMNS = """
    lead.public_id, lead.name, lead.email, lead.phone, lead.company, lead.position, lead.source, lead.status,
    coalesce(survivor.public_id, record.public_id), team.public_id, lead.custom_fields, lead.tags, lead.created_at,
    lead.updated_at
"""

# The records of the people meant: those that were merged into another count as that one.
_OWNERS = """
    owners AS MATERIALIZED (
        SELECT record.id
        FROM salesos_collaborator AS record
        LEFT JOIN salesos_collaborator AS survivor
            ON survivor.tenant_id = record.tenant_id AND survivor.id = record.merged_into_id
        LEFT JOIN salesos_team AS team ON team.tenant_id = record.tenant_id
            AND team.id = CASE WHEN survivor.id IS NULL THEN record.team_id ELSE survivor.team_id END
        WHERE record.tenant_id = %(tenant)s
            AND (%(owner_id)s::uuid IS NULL OR %(owner_id)s::uuid = coalesce(survivor.public_id, record.public_id))
            AND (%(team_id)s::uuid IS NULL OR team.public_id = %(team_id)s::uuid)
    )
"""


def _owned(wanted: Wanted) -> list[str]:
    return ["lead.owner_id = ANY (ARRAY(SELECT id FROM owners))"] if wanted.is_of_owners else []


def _conditions(wanted: Wanted) -> list[str]:
    """Those on the lead's own columns."""
    return [
        # A search has the tenant in its words: it must go by these, never by all leads of a tenant that seems small.
        "lead.tenant_id + 0 = %(tenant)s" if wanted.search else "lead.tenant_id = %(tenant)s",
        *(["lead.status = %(status)s"] if wanted.status else []),
        *(["lead.source = %(source)s"] if wanted.source else []),
        *(["lead.created_at >= %(created_from)s"] if wanted.created_from else []),
        *(["lead.created_at < %(created_until)s"] if wanted.created_until else []),
        *(["lead.search @@ (SELECT leads_search_query(%(tenant)s, %(search)s))"] if wanted.search else []),
    ]


def _ordered(wanted: Wanted, sort: str) -> str:
    direction = "DESC" if wanted.is_descending else "ASC"
    return f"ORDER BY {sort} {direction}, public_id {direction}"


def _searched(wanted: Wanted) -> tuple[list[str], str]:
    """The words' index finds all; they are counted, and sorted in memory."""
    conditions = [*_conditions(wanted), *_owned(wanted)]
    page = f"""
        SELECT %(tenant)s::bigint, public_id FROM found
        {_ordered(wanted, "sorted_by")} LIMIT %(limit)s OFFSET %(offset)s
    """
    return [_found(wanted, conditions), "counted AS (SELECT count(*) AS total FROM found)"], page


def _found(wanted: Wanted, conditions: list[str]) -> str:
    return f"""
        found AS MATERIALIZED (
            SELECT lead.public_id, {SORTS[wanted.sort]} AS sorted_by
            FROM leads_lead AS lead WHERE {" AND ".join(conditions)}
        )
    """


def _searched_by_total(wanted: Wanted) -> tuple[list[str], str]:
    """As `_searched`, but where the total of a common search is kept, leads are looked at one by one for the page."""
    walk, page = _walked(wanted, "search @@ leads_search_beginnings(%(tenant)s, %(search)s)")
    total = "counted AS (SELECT coalesce((SELECT total FROM known), (SELECT count(*) FROM found)) AS total)"
    return [f"kept AS MATERIALIZED ({TOTAL})", "known AS (SELECT total FROM kept)", *walk, total], page


def _narrowed(wanted: Wanted) -> tuple[list[str], str]:
    """Leads of some dates or people in another order than by age: how they lie in that order nobody knows beforehand.

    Few are found and sorted; of many the order's index is walked, as for a search.
    """
    total = _tallied(wanted) if wanted.is_tallied else _counted(wanted, _conditions(wanted))
    walk, page = _walked(wanted, "true", "AND steps <= 4 * total")
    return [total, "known AS (SELECT total FROM counted)", *walk], page


def _walked(wanted: Wanted, is_found: str, but: str = "") -> tuple[list[str], str]:
    """A page where the total may be known: the order's index is walked, only so far as four times what an even spread
    makes likely. Where the page isn't full by then, and where there is no total, all that match are found and sorted.

    The walk is cut off in two steps, since the planner must know that it is short. What the index does not have in this
    order is looked at on the way, as `is_found` is.
    """
    is_by_age, sort = wanted.sort == "created_at", SORTS[wanted.sort]
    walked_over = Wanted(
        status=wanted.status if is_by_age or wanted.sort == "status" else "",
        source=wanted.source if (is_by_age and not wanted.status) or wanted.sort == "source" else "",
    )
    every = replace(wanted, search="")
    walk = f"""
        walk AS MATERIALIZED (
            SELECT CASE WHEN steps <= %(longest_walk)s {but} THEN steps::integer ELSE 0 END AS steps
            FROM (
                SELECT 4.0 * (%(offset)s + %(limit)s) * every.total / greatest(known.total, 1) AS steps, known.total
                FROM known, every
            ) AS likely
        )
    """
    walked = f"""
        walked AS MATERIALIZED (
            SELECT public_id, sorted_by FROM (
                SELECT * FROM (
                    SELECT lead.*, {sort} AS sorted_by
                    FROM leads_lead AS lead WHERE {" AND ".join(_conditions(walked_over))}
                    {_ordered(wanted, sort)} LIMIT %(longest_walk)s
                ) AS next LIMIT (SELECT steps FROM walk)
            ) AS lead
            WHERE {" AND ".join([is_found, *_conditions(every), *_owned(wanted)])} LIMIT %(offset)s + %(limit)s
        )
    """
    is_enough = """
        is_enough AS MATERIALIZED (
            SELECT known.total <= %(offset)s
                OR (SELECT count(*) FROM walked) >= least(%(offset)s + %(limit)s, known.total) AS yes
            FROM known
        )
    """
    page = f"""
        SELECT %(tenant)s::bigint, public_id FROM (
            SELECT public_id, sorted_by FROM walked WHERE (SELECT yes FROM is_enough)
            UNION ALL SELECT public_id, sorted_by FROM found
        ) AS found
        {_ordered(wanted, "sorted_by")} LIMIT %(limit)s OFFSET %(offset)s
    """
    is_needed = "NOT coalesce((SELECT yes FROM is_enough), false)"
    found = _found(wanted, [*_conditions(wanted), *_owned(wanted), is_needed])
    return [_tallied(walked_over, "every"), walk, walked, is_enough, found], page


def _listed(wanted: Wanted) -> tuple[list[str], str]:
    """The index of the order is walked, or for people that of each one, until the page is full."""
    conditions, sort = _conditions(wanted), SORTS[wanted.sort]
    total = _tallied(wanted) if wanted.is_tallied else _counted(wanted, conditions)
    # Nothing is looked for that is not there: an index would be walked to its end.
    is_any = "(SELECT total FROM counted) > %(offset)s"
    if wanted.is_of_owners and wanted.sort == "created_at":
        each = f"""
            SELECT lead.public_id, lead.created_at FROM leads_lead AS lead
            WHERE {" AND ".join(conditions)} AND lead.owner_id = owners.id
            {_ordered(wanted, sort)} LIMIT %(offset)s + %(limit)s
        """
        page = f"""
            SELECT %(tenant)s::bigint, theirs.public_id FROM owners CROSS JOIN LATERAL ({each}) AS theirs WHERE {is_any}
            {_ordered(wanted, "theirs.created_at")} LIMIT %(limit)s OFFSET %(offset)s
        """
        return [total], page
    conditions = [*conditions, *_owned(wanted), is_any]
    page = f"""
        SELECT lead.tenant_id, lead.public_id FROM leads_lead AS lead WHERE {" AND ".join(conditions)}
        {_ordered(wanted, sort)} LIMIT %(limit)s OFFSET %(offset)s
    """
    return [total], page


def _counted(wanted: Wanted, conditions: list[str]) -> str:
    conditions = [*conditions, *_owned(wanted)]
    return f"counted AS (SELECT count(*) AS total FROM leads_lead AS lead WHERE {' AND '.join(conditions)})"


def _tallied(wanted: Wanted, name: str = "counted") -> str:
    level = (0 if wanted.source else 2) + (0 if wanted.is_of_owners else 1)
    conditions = [
        "tenant_id = %(tenant)s",
        f"level = {level}",
        "source = %(source)s" if wanted.source else "source IS NULL",
        "owner_id = ANY (ARRAY(SELECT id FROM owners))" if wanted.is_of_owners else "owner_id IS NULL",
        *(["status = %(status)s"] if wanted.status else []),
    ]
    return f"""
        {name} AS (
            SELECT coalesce(sum(leads), 0) AS total FROM leads_leadtally WHERE {" AND ".join(conditions)}
        )
    """


def every_id(wanted: Wanted) -> tuple[str, dict[str, Any]]:
    """The statement, with its parameters, for the public ids of all leads that are `wanted`, in its order."""
    return (
        f"""
        {_whole(wanted, "lead.public_id")} {_ordered(wanted, SORTS[wanted.sort])}
    """,
        _parameters(wanted),
    )


def custom_field_names(wanted: Wanted, *, most: int) -> list[str]:
    """The names of custom fields that leads which are `wanted` have, the most frequent first. Reads all these leads."""
    names = f"""
        SELECT field FROM ({_whole(wanted, "jsonb_object_keys(lead.custom_fields) AS field")}) AS fields
        GROUP BY field ORDER BY count(*) DESC, field LIMIT %(most)s
    """
    with connection.cursor() as cursor:
        cursor.execute(names, {**_parameters(wanted), "most": most})
        return [name for (name,) in cursor.fetchall()]


def _whole(wanted: Wanted, columns: str) -> str:
    conditions = [*_conditions(wanted), *_owned(wanted)]
    owners = f"WITH {_OWNERS}" if wanted.is_of_owners else ""
    return f"{owners} SELECT {columns} FROM leads_lead AS lead WHERE {' AND '.join(conditions)}"
