"""Call the leaderboard as a page would, in a process of its own: `python -m tests.bench.board_times NOTES`."""

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

from missions.leaderboards import standings  # noqa: E402
from missions.periods import Period, today_in, window, window_before  # noqa: E402
from salesos.database import run  # noqa: E402
from salesos.models import Tenant  # noqa: E402
from salesos.tenancy import tenant_context  # noqa: E402

WARM_UP, REPETITIONS = 10, 50


def _measure(tenant_id: int, at: datetime) -> dict[str, Any]:
    tenant = Tenant.objects.get(pk=tenant_id)
    # The last whole month of the data: as long at any time of a month, and with a whole month before it.
    month = window(Period.MONTH, today=today_in(tenant, at).replace(day=1) - timedelta(days=1))
    with tenant_context(tenant):
        with CaptureQueriesContext(connection) as captured:
            board = standings(month, previous=window_before(month))
        taken = _repeated(lambda: standings(month, previous=window_before(month)))
        taken_by_sum = _repeated(lambda: run(_SUM, [tenant.pk, month.start, month.end]))
        scores = run(_COUNT, [tenant.pk, month.start, month.end])[0][0]
    return {
        "people": len(board),
        "statements": len(captured),
        "scores": scores,
        "milliseconds": taken,
        "sum_milliseconds": taken_by_sum,
    }


def _repeated(call: Callable[[], object]) -> float:
    """Median milliseconds of a warm call."""
    taken = []
    for _ in range(WARM_UP + REPETITIONS):
        started = time.perf_counter()
        call()
        taken.append((time.perf_counter() - started) * 1000)
    return statistics.median(taken[WARM_UP:])


_COUNT = "SELECT count(*) FROM missions_score WHERE tenant_id = %s AND day >= %s AND day < %s"
_SUM = """
SELECT collaborator_id, sum(points), sum(completions) FROM missions_score
WHERE tenant_id = %s AND day >= %s AND day < %s GROUP BY collaborator_id
"""

if __name__ == "__main__":
    notes = json.loads(sys.argv[1])
    json.dump(_measure(notes["tenant"], datetime.fromisoformat(notes["at"])), sys.stdout)
