"""The totals of common searches, kept by the database (migration 0006) instead of counted at each request.

A search that many leads match is noted when it is first asked for. From then on every write to leads adds an entry of
how many more or fewer match. Once all who began to write before that are through, the leads are counted, in the same
snapshot as the entries that are there: that count and the entries after it are the total in any later snapshot.
"""

from dataclasses import dataclass

from django.db import connection

from leads.models import CountedSearch
from salesos.database import run
from salesos.tenancy import current_tenant

COUNTED_FROM = 2_000
"""So many leads make a search common: below, its leads are found by index about as fast."""

MOST_COUNTED = 32
"""Of a tenant, and so the most that each write has to try. The one that was not asked for longest goes first."""

TOTAL = """
    SELECT counted.total + coalesce((
        SELECT sum(entry.leads) FROM leads_countedsearchentry AS entry
        WHERE entry.tenant_id = counted.tenant_id AND entry.search_id = counted.id
    ), 0) AS total, counted.asked_at < now() - interval '10 minutes' AS is_stale
    FROM leads_countedsearch AS counted
    WHERE counted.tenant_id = %(tenant)s
        AND counted.words = leads_search_beginnings(%(tenant)s, %(search)s)
        AND counted.status = %(status)s AND counted.source = %(source)s AND counted.total IS NOT NULL
"""
"""Selects the total of a search where it is kept, and whether `keep` should hear that it was asked for."""


def keep(search: str, *, status: str, source: str) -> None:
    """Have the total of a common search kept from now on; note that it was asked for.

    Does nothing within a transaction: others would wait for its end, and it could not tell who writes at the moment.
    """
    if connection.in_atomic_block:
        return
    asked = {
        "tenant": current_tenant().pk,
        "search": search,
        "status": status,
        "source": source,
        "most": MOST_COUNTED,
    }
    # Three transactions, each of which must see the one before committed.
    run(_NOTE, asked)
    run(_WATCH, asked)
    run(_COUNT, asked, prepare=False)


@dataclass(frozen=True, slots=True)
class WrongTotal:
    """A search whose kept total is not what a count says."""

    id: int
    words: str
    kept: int
    counted: int

    def __str__(self) -> str:
        return f"search {self.words}: {self.kept}, not {self.counted}"


def wrong_totals() -> list[WrongTotal]:
    """The current tenant's. One statement that counts the leads of each search."""
    return [WrongTotal(*row) for row in run(_WRONG, {"tenant": current_tenant().pk})]


def forget(wrong: list[WrongTotal]) -> None:
    """Let go of these: they are counted anew when they are asked for."""
    CountedSearch.objects.filter(pk__in=[each.id for each in wrong]).delete()


_THIS = """
    tenant_id = %(tenant)s AND words = leads_search_beginnings(%(tenant)s, %(search)s)
    AND status = %(status)s AND source = %(source)s
"""

# What an index entry holds is bounded; longer searches are not what many leads match.
_NOTE = f"""
WITH this AS (
    SELECT id FROM leads_countedsearch WHERE {_THIS}
), let_go AS (
    DELETE FROM leads_countedsearch WHERE tenant_id = %(tenant)s AND NOT EXISTS (SELECT 1 FROM this) AND id IN (
        SELECT id FROM leads_countedsearch WHERE tenant_id = %(tenant)s
        ORDER BY asked_at DESC, id DESC OFFSET %(most)s - 1 FOR UPDATE SKIP LOCKED
    )
)
INSERT INTO leads_countedsearch (tenant_id, words, status, source, asked_at)
SELECT %(tenant)s, words, %(status)s, %(source)s, now()
FROM leads_search_beginnings(%(tenant)s, %(search)s) AS words
WHERE length(words::text) <= 200
ON CONFLICT (tenant_id, words, status, source) DO UPDATE SET asked_at = excluded.asked_at
"""

# Whoever begins to write after this transaction has its number sees the search, and adds entries.
_WATCH = (
    """
UPDATE leads_countedsearch SET watched_from = pg_current_xact_id()::text::bigint
WHERE watched_from IS NULL AND """
    + _THIS
)

_COUNT = (
    """
WITH this AS MATERIALIZED (
    SELECT id FROM leads_countedsearch
    WHERE total IS NULL AND watched_from < pg_snapshot_xmin(pg_current_snapshot())::text::bigint AND """
    + _THIS
    + """
    FOR UPDATE SKIP LOCKED
), counted AS (
    SELECT count(*) AS total FROM leads_lead AS lead
    WHERE lead.tenant_id + 0 = %(tenant)s AND (SELECT count(*) FROM this) > 0
        AND lead.search @@ (SELECT leads_search_query(%(tenant)s, %(search)s))
        AND %(status)s IN ('', lead.status) AND %(source)s IN ('', lead.source)
)
UPDATE leads_countedsearch AS kept
SET total = counted.total - coalesce((
    SELECT sum(entry.leads) FROM leads_countedsearchentry AS entry
    WHERE entry.tenant_id = %(tenant)s AND entry.search_id = kept.id
), 0)
FROM this, counted WHERE kept.id = this.id AND kept.tenant_id = %(tenant)s
"""
)

_WRONG = """
SELECT id, words, kept, counted FROM (
    SELECT counted.id, counted.words::text || rtrim(' ' || counted.status || ' ' || counted.source) AS words,
        counted.total + coalesce((
            SELECT sum(entry.leads) FROM leads_countedsearchentry AS entry
            WHERE entry.tenant_id = counted.tenant_id AND entry.search_id = counted.id
        ), 0)::bigint AS kept,
        (
            SELECT count(*) FROM leads_lead AS lead
            WHERE lead.tenant_id = counted.tenant_id AND lead.search @@ counted.words
                AND counted.status IN ('', lead.status) AND counted.source IN ('', lead.source)
        ) AS counted
    FROM leads_countedsearch AS counted WHERE counted.tenant_id = %(tenant)s AND counted.total IS NOT NULL
) AS compared
WHERE kept <> counted ORDER BY id
"""
