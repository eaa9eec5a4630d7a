"""Are the scores the sums of the evidence? Find where they are not, and put them right."""

from dataclasses import dataclass
from datetime import date

from django.db import transaction

from missions.scores import ADDED, INTO_SCORES
from salesos.database import run
from salesos.models import Tenant
from salesos.tenancy import current_tenant


@dataclass(frozen=True, slots=True)
class Difference:
    """A score that is not what the evidence adds up to. A missing score counts as one of zero."""

    day: date
    collaborator_id: int
    email: str
    team_id: int | None
    mission_id: int | None
    points: int
    expected_points: int
    completions: int
    expected_completions: int

    def __str__(self) -> str:
        place = f"team {self.team_id or '-'}, mission {self.mission_id or '-'}"
        return (
            f"{self.day} {self.email} ({place}): points {self.points}, evidence {self.expected_points}; "
            f"completions {self.completions}, evidence {self.expected_completions}"
        )


# One snapshot of evidence and scores. Evidence counts up and scores count down on the same keys: what remains is wrong.
# (A full join on keys that may be NULL is something PostgreSQL can't hash; grouping treats NULLs as equal.)
_COMPARED = """
    SELECT day, collaborator_id, team_id, mission_id,
        sum(expected_points) AS expected_points, sum(points) AS points,
        sum(expected_completions) AS expected_completions, sum(completions) AS completions
    FROM (
        SELECT day, collaborator_id, team_id, mission_id,
            sum(points) AS expected_points, count(*) AS expected_completions, 0 AS points, 0 AS completions
        FROM missions_activity WHERE tenant_id = %(tenant)s AND mission_id IS NOT NULL
        GROUP BY day, collaborator_id, team_id, mission_id
        UNION ALL
        SELECT day, collaborator_id, team_id, mission_id, points, completions, 0, 0
        FROM missions_adjustment WHERE tenant_id = %(tenant)s
        UNION ALL
        SELECT day, collaborator_id, team_id, mission_id, 0, 0, points, completions
        FROM missions_score WHERE tenant_id = %(tenant)s
    ) AS both_sides
    GROUP BY day, collaborator_id, team_id, mission_id
    HAVING sum(expected_points) <> sum(points) OR sum(expected_completions) <> sum(completions)
    ORDER BY day, collaborator_id, team_id, mission_id
"""

_DIFFERENCES = f"""
SELECT compared.day, compared.collaborator_id, person.email, compared.team_id, compared.mission_id,
    compared.points::bigint, compared.expected_points::bigint,
    compared.completions::bigint, compared.expected_completions::bigint
FROM ({_COMPARED}) AS compared
JOIN salesos_collaborator AS person ON person.tenant_id = %(tenant)s AND person.id = compared.collaborator_id
ORDER BY day, collaborator_id, team_id, mission_id LIMIT %(limit)s
"""

_CORRECTED = f"""
WITH corrected AS (
    {INTO_SCORES}
    SELECT %(tenant)s, day, collaborator_id, team_id, mission_id,
        expected_points - points, expected_completions - completions
    FROM ({_COMPARED}) AS compared
    {ADDED}
    RETURNING 1
)
SELECT count(*) FROM corrected
"""


def differences(limit: int | None = 100) -> list[Difference]:
    """The current tenant's scores that are wrong, by day; at most `limit` of them. One statement, which reads all of
    the tenant's evidence; a sync that is under way is seen whole or not at all."""
    return [Difference(*row) for row in run(_DIFFERENCES, {"tenant": current_tenant().pk, "limit": limit})]


@transaction.atomic
def rebuild() -> int:
    """Put the current tenant's scores right; return how many were wrong.

    Syncs go on meanwhile. Whoever inserts evidence adds to the score in the same transaction, so what one snapshot sees
    missing is missing for good: it is added to the score as a difference, which is right whatever others add before or
    after. Only a second rebuild would add the same difference again: the lock on the tenant's row keeps it out. Merging
    people moves no score.
    """
    tenant = current_tenant()
    # Without the key: inserts into tenant data hold a share of it through their foreign keys, and must not wait.
    Tenant.objects.select_for_update(no_key=True).get(pk=tenant.pk)
    return run(_CORRECTED, {"tenant": tenant.pk})[0][0]
