"""Ask the request log as its screen does, in a process of its own: `python -m tests.bench.log_times NOTES`."""

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

os.environ["DJANGO_SETTINGS_MODULE"] = "salesos.settings"

import django

django.setup()

from django.db import connection  # noqa: E402 - models need the settings
from django.test.utils import CaptureQueriesContext  # noqa: E402

from salesos.client_address import parse_network  # noqa: E402
from salesos.models import Tenant  # noqa: E402
from salesos.request_counts import Filter, requests_by_day, requests_by_hour  # noqa: E402
from salesos.request_search import Search, find_page  # noqa: E402
from salesos.tenancy import tenant_context  # noqa: E402

REPETITIONS = 7


def _measure(notes: dict[str, Any]) -> list[dict[str, Any]]:
    tenant, at = Tenant.objects.get(pk=notes["tenant"]), datetime.fromisoformat(notes["at"])
    noon = (at - timedelta(days=50)).replace(hour=15, minute=0)
    afternoon = {"since": noon, "until": noon + timedelta(hours=5)}
    with tenant_context(tenant):
        some = find_page(tenant, Search(**afternoon)).rows[0]
        searches = {
            "newest page": Search(),
            "a page in the middle": Search(until=noon),
            "status 500 (1 in 20,000)": Search(only=Filter(status=500)),
            "a status that nobody had": Search(only=Filter(status=418)),
            "a key used in one week only": Search(only=Filter(key=notes["seldom_key"])),
            "one key on one afternoon": Search(only=Filter(key=notes["key"]), **afternoon),
            "a network on one afternoon": Search(network=parse_network("10.1.7.0/24"), **afternoon),
            "request id": Search(request_id=some.pk),
            "an address that nobody had (budget spent)": Search(network=parse_network("192.0.2.1")),
        }
        found = [_asked(name, lambda search=search: find_page(tenant, search)) for name, search in searches.items()]
        charts: dict[str, Callable[[], Any]] = {
            "chart of 90 days": lambda: requests_by_day(tenant, at - timedelta(days=90), at),
            "chart of 4 days by hour": lambda: requests_by_hour(tenant, at - timedelta(days=4), at),
        }
        return found + [_asked(name, call) for name, call in charts.items()]


def _asked(name: str, call: Callable[[], Any]) -> dict[str, Any]:
    with CaptureQueriesContext(connection) as captured:
        answer = call()
    taken = []
    for _ in range(REPETITIONS):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    return {
        "name": name,
        "rows": len(getattr(answer, "rows", ())),
        "statements": len(captured),
        "milliseconds": statistics.median(taken),
        "plan": _plan([query["sql"] or "" for query in captured]),
    }


def _plan(statements: list[str]) -> list[str]:
    """Of the last statement that read the log's rows; those with parameters apart can't be asked for again."""
    read = [sql for sql in statements if sql.startswith("SELECT") and "requestlog" in sql and "$1" not in sql]
    if not read:
        return []
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {read[-1]}")
        return [line for (line,) in cursor.fetchall()]


if __name__ == "__main__":
    json.dump(_measure(json.loads(sys.argv[1])), sys.stdout)
