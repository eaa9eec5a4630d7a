"""Fill an empty database with a request log: `python -m tests.bench.log_seed ROWS`. Prints what the bench must know.

The rows are spread over 90 days; every tenth belongs to another tenant, one in 2,000 is over the limit, one in 20,000
failed, and one in 400 is of a key that was only used in a single week.
"""

import json
import os
import sys
import time
from datetime import UTC, datetime, timedelta

os.environ["DJANGO_SETTINGS_MODULE"] = "salesos.settings"

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - models need the settings
from django.db import connection, transaction  # noqa: E402

from salesos.models import ApiKey, Tenant  # noqa: E402
from salesos.request_counts import bring_up_to_date  # noqa: E402
from salesos.tenancy import tenant_context  # noqa: E402
from salesos.tenants import create_tenant  # noqa: E402

DAYS, KEYS = 90, 8


def seed(rows: int) -> dict[str, object]:
    call_command("migrate", interactive=False, verbosity=0)
    at = datetime.now(UTC)
    tenants = [create_tenant(name, time_zone="America/Sao_Paulo") for name in ("Bench", "Stranger")]
    keys = [_keys(tenant) for tenant in tenants]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
        cursor.execute("DROP INDEX request_log_by_tenant")
        cursor.execute("ALTER TABLE salesos_requestlog DROP CONSTRAINT salesos_requestlog_pkey")
        cursor.execute(
            ROWS,
            {
                "rows": rows,
                "ours": tenants[0].pk,
                "theirs": tenants[1].pk,
                "keys": keys[0],
                "their_key": keys[1][0],
                "start": at - timedelta(days=DAYS),
                "step": timedelta(days=DAYS) / rows,
                "seldom_from": rows // 2,
                "seldom_to": rows // 2 + rows * 7 // DAYS,
            },
        )
        cursor.execute("ALTER TABLE salesos_requestlog ADD PRIMARY KEY (id)")
        cursor.execute("CREATE INDEX request_log_by_tenant ON salesos_requestlog (tenant_id, id)")
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE) salesos_requestlog")
    started = time.monotonic()
    bring_up_to_date(tenants[0], now=at, budget_seconds=None)
    summed_seconds = time.monotonic() - started
    with connection.cursor() as cursor:
        cursor.execute("VACUUM (ANALYZE)")
    return {
        "summed_seconds": round(summed_seconds, 1),
        "tenant": tenants[0].pk,
        "at": at.isoformat(),
        "seldom_key": keys[0][0],
        "key": keys[0][1],
    }


def _keys(tenant: Tenant) -> list[int]:
    with tenant_context(tenant):
        made = [ApiKey(name=f"Key {number}", key_id=f"{tenant.pk:06d}{number:06d}") for number in range(KEYS)]
        return [key.pk for key in ApiKey.objects.bulk_create(made)]


# Ids as UUIDs v7 of the moment, in the order of time.
ROWS = """
INSERT INTO salesos_requestlog (
    id, at, tenant_id, api_key_id, address, user_agent, method, path, action, status, error_code, duration_ms,
    bytes_in, counts
)
SELECT
    (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(number %% 4096), 3, '0')
        || '8' || lpad(to_hex(number), 15, '0'))::uuid,
    at, CASE WHEN number %% 10 = 0 THEN %(theirs)s ELSE %(ours)s END,
    CASE
        WHEN number %% 10 = 0 THEN %(their_key)s
        WHEN number %% 401 = 0 AND number BETWEEN %(seldom_from)s AND %(seldom_to)s THEN (%(keys)s::bigint[])[1]
        ELSE (%(keys)s::bigint[])[2 + number %% 7]
    END,
    ('10.' || number %% 3 || '.' || number %% 250 || '.' || number %% 199)::inet,
    'CRM-sync/4.2 (python-requests)', 'POST', '/functions/v1/default-integration',
    CASE WHEN number %% 5 = 0 THEN 'sync_collaborators' ELSE 'sync_activities' END,
    CASE WHEN number %% 20001 = 0 THEN 500 WHEN number %% 2001 = 0 THEN 429 ELSE 200 END,
    CASE WHEN number %% 20001 = 0 THEN 'INTERNAL_ERROR' WHEN number %% 2001 = 0 THEN 'RATE_LIMITED' ELSE '' END,
    2 + number %% 97, 400 + number %% 20000,
    CASE WHEN number %% 2001 = 0 OR number %% 20001 = 0 THEN NULL
        ELSE '{"processed": 12, "skipped": 0, "duplicates": 3, "errors": 0}'::jsonb END
FROM (SELECT number, %(start)s + number * %(step)s::interval AS at FROM generate_series(1, %(rows)s) AS number) AS made
"""

if __name__ == "__main__":
    json.dump(seed(int(sys.argv[1])), sys.stdout)
