"""Fill an empty database: `python -m tests.bench.seed ROWS`. Prints what the bench must know of it as JSON.

The rows are what the sync endpoint would have written: activities in the order of time over 90 days, their scores and
their counts by code. Beside them stands the floor's own table with the same activities.
"""

import json
import os
import sys
from datetime import UTC, datetime, timedelta

os.environ["DJANGO_SETTINGS_MODULE"] = "salesos.settings"

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models need the settings
from django.db import connection, transaction  # noqa: E402

from missions.models import Mapping, Mission  # noqa: E402
from salesos import keys  # noqa: E402
from salesos.models import Collaborator, Team, Tenant  # noqa: E402
from salesos.scopes import Scope  # noqa: E402
from salesos.tenancy import tenant_context  # noqa: E402
from salesos.tenants import create_tenant  # noqa: E402
from tests.bench.bodies import DAYS, MAPPED_CODES, PEOPLE, UNMAPPED_CODES, email_of  # noqa: E402

TEAMS, MISSIONS = 20, 10
UNKNOWN_KEYS = 2000


def seed(rows: int) -> dict[str, object]:
    """Returns the tokens of a key to work with and of one that nobody has used, and the moment that the data end."""
    call_command("migrate", interactive=False, verbosity=0)
    at = datetime.now(UTC)
    tenant = create_tenant("Bench", time_zone="America/Sao_Paulo")
    with tenant_context(tenant):
        _people_and_missions(tenant)
    _activities(tenant, rows, at)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FLOOR)
        cursor.execute("INSERT INTO floor_token SELECT %s, id FROM salesos_tenant WHERE id = %s", ["floor", tenant.pk])
    with connection.cursor() as cursor:
        # Hint bits and statistics are the past's business, not that of the first request.
        cursor.execute("VACUUM (ANALYZE)")
    scopes, endless = [Scope.DEFAULT_SYNC], 2_000_000_000
    return {
        "token": keys.issue_key(tenant, name="Bench", scopes=scopes, hourly_limit=endless).token,
        "cold_token": keys.issue_key(tenant, name="Cold", scopes=scopes, hourly_limit=endless).token,
        "unknown_tokens": [_unknown_token() for _ in range(UNKNOWN_KEYS)],
        "tenant": tenant.pk,
        "at": at.isoformat(),
    }


def _people_and_missions(tenant: Tenant) -> None:
    teams = Team.objects.bulk_create(Team(name=f"Team {number}") for number in range(TEAMS))
    Collaborator.objects.bulk_create(
        Collaborator(
            external_id=f"emp-{number}",
            email=email_of(number),
            name=f"Person {number}",
            team=teams[number % TEAMS],
        )
        for number in range(PEOPLE)
    )
    missions = Mission.objects.bulk_create(Mission(name=f"Mission {number}") for number in range(MISSIONS))
    Mapping.objects.bulk_create(
        Mapping(code=code, mission=mission, points=5 * number + 5)
        for number, (code, mission) in enumerate(zip(MAPPED_CODES, missions, strict=False))
    )


def _activities(tenant: Tenant, rows: int, at: datetime) -> None:
    with tenant_context(tenant):
        people = list(Collaborator.objects.order_by("pk").values_list("pk", "team_id"))
        mappings = list(Mapping.objects.order_by("code").values_list("mission_id", "points"))
    with transaction.atomic(), connection.cursor() as cursor:
        # Foreign keys and triggers would look at what this makes right by itself, five million times.
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
        rebuild = _without_indexes(cursor, "missions_activity")
        cursor.execute(
            ACTIVITIES,
            {
                "tenant": tenant.pk,
                "rows": rows,
                "codes": [*MAPPED_CODES, *UNMAPPED_CODES],
                "people": [person for person, _ in people],
                "teams": [team for _, team in people],
                "missions": [mission for mission, _ in mappings],
                "points": [points for _, points in mappings],
                "zone": tenant.time_zone,
                "start": at - timedelta(days=DAYS),
                "step": timedelta(days=DAYS) / rows,
            },
        )
        for statement in (SCORES, RECEIVED_CODES, *rebuild):
            cursor.execute(statement)


def _without_indexes(cursor, table: str) -> list[str]:
    """Drop the table's indexes; returns the statements that build them again, which is quicker than filling them."""
    cursor.execute(INDEXES, {"table": table})
    rebuild = []
    for drop, build in cursor.fetchall():
        cursor.execute(drop)
        # As full as random keys leave an index that has grown; freshly built ones are packed and split at every turn.
        if "external_id" in build:
            name = build.split("ADD CONSTRAINT ")[1].split()[0]
            rebuild += [f"{build} WITH (fillfactor = 70)", f"ALTER INDEX {name} RESET (fillfactor)"]
        else:
            rebuild.append(build)
    return rebuild


def _unknown_token() -> str:
    """A token of the right shape and checksum that names no key."""
    unsigned = f"sk_live_{keys._random(keys.KEY_ID_LENGTH)}{keys._random(keys.SECRET_LENGTH)}"
    return unsigned + keys._checksum(unsigned)


INDEXES = """
SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
    format('ALTER TABLE %%s ADD CONSTRAINT %%I %%s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE conrelid = %(table)s::regclass AND contype IN ('p', 'u')
    -- Adjustments name activities by the primary key: it stays, and is filled in order anyway.
    AND NOT EXISTS (
        SELECT 1 FROM pg_constraint AS other
        WHERE other.contype = 'f' AND other.conindid = pg_constraint.conindid
    )
UNION ALL
SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
FROM pg_index
WHERE indrelid = %(table)s::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
"""

# People and codes are picked out of arrays: a join would have to be sorted back into the order of time.
ACTIVITIES = """
INSERT INTO missions_activity (
    tenant_id, source, external_id, code, collaborator_id, team_id, mission_id, points,
    occurred_at, day, received_at, request_id, data
)
SELECT %(tenant)s, 'default', gen_random_uuid(), (%(codes)s::text[])[code], (%(people)s::bigint[])[person],
    (%(teams)s::bigint[])[person], (%(missions)s::bigint[])[code], (%(points)s::integer[])[code],
    at, (at AT TIME ZONE %(zone)s)::date, at, NULL,
    jsonb_build_object('deal', 'D-' || number, 'amount', number %% 9000, 'stage', 'proposal', 'via', 'phone')
FROM (
    SELECT number, %(start)s + number * %(step)s::interval AS at,
        1 + floor(random() * cardinality(%(people)s::bigint[]))::integer AS person,
        1 + floor(random() * cardinality(%(codes)s::text[]))::integer AS code
    FROM generate_series(1, %(rows)s) AS number
) AS made
"""

SCORES = """
INSERT INTO missions_score (tenant_id, day, collaborator_id, team_id, mission_id, points, completions)
SELECT tenant_id, day, collaborator_id, team_id, mission_id, sum(points), count(*)
FROM missions_activity WHERE mission_id IS NOT NULL
GROUP BY tenant_id, day, collaborator_id, team_id, mission_id
ORDER BY tenant_id, day
"""

RECEIVED_CODES = """
INSERT INTO missions_receivedcode (tenant_id, source, code, day, received, last_received_at)
SELECT tenant_id, source, code, day, count(*), max(received_at) FROM missions_activity
GROUP BY tenant_id, source, code, day
"""

FLOOR = """
CREATE TABLE floor_token (token text PRIMARY KEY, tenant_id bigint NOT NULL);
CREATE TABLE floor_activity (
    id bigint GENERATED ALWAYS AS IDENTITY,
    tenant_id bigint NOT NULL, source text NOT NULL, code text NOT NULL, external_id text NOT NULL,
    collaborator_id bigint NOT NULL, occurred_at timestamptz NOT NULL, data jsonb NOT NULL
);
INSERT INTO floor_activity (tenant_id, source, code, external_id, collaborator_id, occurred_at, data)
SELECT tenant_id, source, code, external_id, collaborator_id, occurred_at, data FROM missions_activity ORDER BY id;
ALTER TABLE floor_activity ADD PRIMARY KEY (id);
ALTER TABLE floor_activity ADD CONSTRAINT floor_external_id_unique
    UNIQUE (tenant_id, source, external_id) WITH (fillfactor = 70);
ALTER INDEX floor_external_id_unique RESET (fillfactor);
CREATE INDEX ON floor_activity (tenant_id, collaborator_id, occurred_at);
"""

if __name__ == "__main__":
    json.dump(seed(int(sys.argv[1])), sys.stdout)
