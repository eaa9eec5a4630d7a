"""The request log at 10,000,000 rows: what its screen asks of it, with the plans."""

import json
from typing import Any

from tests.bench.cluster import run_python
from tests.bench.stage import QUICK, Bench
from tests.bench.table import Row

MOST_MS = 300
"""A page's share of what its screen may take."""

SPENT = "budget spent"
MOST_SPENT_MS = 1500


def request_log(bench: Bench) -> list[Row]:
    rows = bench.scale.logged
    database = bench.cluster.template(rows, seed="log_seed")
    found: list[dict[str, Any]] = json.loads(
        run_python("tests.bench.log_times", json.dumps(database.notes), database_url=database.url)
    )
    summed = Row(
        f"request log of {rows:,}: summed up by hour", f"{database.notes['summed_seconds']} s", note="once, when filled"
    )
    return [*(_row(each, is_asked=bench.scale is not QUICK) for each in found), summed]


def _row(each: dict[str, Any], *, is_asked: bool) -> Row:
    most = MOST_SPENT_MS if SPENT in each["name"] else MOST_MS
    plan = "".join(f"\n    {line}" for line in each["plan"])
    return Row(
        f"request log: {each['name']}",
        f"{each['milliseconds']:.1f} ms",
        target=f"≤ {most} ms" if is_asked else "",
        ok=each["milliseconds"] <= most if is_asked else None,
        note=f"{each['rows']} rows, {each['statements']} statements{plan}",
        detail=each,
    )
