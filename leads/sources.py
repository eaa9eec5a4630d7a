"""Where leads come from: what the tenant's leads say as their source."""

from salesos.database import run
from salesos.tenancy import current_tenant

# Of the tally's kinds by source alone (level 1): as many rows as there are sources and statuses, not as leads.
_KNOWN = """
SELECT source FROM leads_leadtally
WHERE tenant_id = %(tenant)s AND level = 1 AND source <> '' AND owner_id IS NULL
GROUP BY source HAVING sum(leads) > 0 ORDER BY sum(leads) DESC, source LIMIT %(limit)s
"""


def known_sources(limit: int = 50) -> list[str]:
    """The sources that most of the tenant's leads have. One statement."""
    return [source for (source,) in run(_KNOWN, {"tenant": current_tenant().pk, "limit": limit})]
