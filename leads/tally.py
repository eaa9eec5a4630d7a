"""Does the tally of leads add up? Find where it does not, and put it right."""

from dataclasses import dataclass

from django.db import transaction

from salesos.database import run
from salesos.models import Tenant
from salesos.tenancy import current_tenant


@dataclass(frozen=True, slots=True)
class Difference:
    """A kind of leads that the tally counts wrongly; `source` and `owner_id` are "any" where the kind is of all."""

    status: str
    source: str
    owner_id: str
    tallied: int
    counted: int

    def __str__(self) -> str:
        return (
            f"status {self.status}, source {self.source!r}, owner {self.owner_id}: {self.tallied}, not {self.counted}"
        )


# One snapshot of both. Leads count up and the tally counts down on the same kinds: what remains is wrong.
_COMPARED = """
    SELECT level, status, source, owner_id, sum(counted) AS counted, sum(tallied) AS tallied
    FROM (
        SELECT grouping(source, owner_id) AS level, status, source, owner_id, count(*) AS counted, 0 AS tallied
        FROM leads_lead WHERE tenant_id = %(tenant)s
        GROUP BY GROUPING SETS ((status), (status, source), (status, owner_id), (status, source, owner_id))
        UNION ALL
        SELECT level, status, source, owner_id, 0, leads FROM leads_leadtally WHERE tenant_id = %(tenant)s
    ) AS both_sides
    GROUP BY level, status, source, owner_id
    HAVING sum(counted) <> sum(tallied)
"""

_DIFFERENCES = f"""
SELECT status, CASE WHEN level IN (2, 3) THEN 'any' ELSE source END,
    CASE WHEN level IN (1, 3) THEN 'any' ELSE coalesce(owner_id::text, 'nobody') END,
    tallied::bigint, counted::bigint
FROM ({_COMPARED}) AS compared ORDER BY level, status, source, owner_id LIMIT %(limit)s
"""

_CORRECTED = f"""
WITH corrected AS (
    INSERT INTO leads_leadtally (tenant_id, level, status, source, owner_id, leads)
    SELECT %(tenant)s, level, status, source, owner_id, counted - tallied FROM ({_COMPARED}) AS compared
    RETURNING 1
)
SELECT count(*) FROM corrected
"""


def differences(limit: int | None = 100) -> list[Difference]:
    """What the current tenant's tally counts wrongly, at most `limit` of it. One statement that counts every lead."""
    return [Difference(*row) for row in run(_DIFFERENCES, {"tenant": current_tenant().pk, "limit": limit})]


@transaction.atomic
def rebuild() -> int:
    """Put the current tenant's tally right; return how many kinds were wrong.

    Writes go on meanwhile: each adds its own entry in its own transaction, so what one snapshot sees missing is missing
    for good. Only a second rebuild would add it again; the lock on the tenant's row keeps it out.
    """
    tenant = current_tenant()
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    count: int = run(_CORRECTED, {"tenant": tenant.pk})[0][0]
    return count
