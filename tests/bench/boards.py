"""The leaderboard of 500 people over a month, at two sizes of the table that it doesn't read."""

import json
import statistics
from typing import Any

from tests.bench.cluster import Database, run_python
from tests.bench.stage import QUICK, Bench
from tests.bench.table import Row


def leaderboard(bench: Bench) -> list[Row]:
    scale = bench.scale
    # Only read from, so the templates themselves will do.
    small, large = bench.cluster.template(scale.small), bench.cluster.template(scale.large)
    found: dict[str, list[dict[str, Any]]] = {small.name: [], large.name: []}
    for _round in range(scale.rounds):
        for database in (small, large):
            found[database.name].append(_measured(database))
    at_small, at_large = (
        statistics.median(each["milliseconds"] for each in found[database.name]) for database in (small, large)
    )
    last = found[large.name][-1]
    # Few activities don't fill every person's every day: then the larger table has more scores, too.
    is_asked = scale is not QUICK
    return [
        Row(
            f"leaderboard of {last['people']}, {scale.large:,} activities",
            f"{at_large:.1f} ms",
            f"{at_small:.1f} ms at {scale.small:,}",
            f"{at_large / at_small:.2f}",
            "≤ 1.20" if is_asked else "",
            at_large <= 1.2 * at_small if is_asked else None,
            note=(
                f"{last['scores']:,} scores in the month, {found[small.name][-1]['scores']:,} in the small table; "
                f"their bare sum takes {last['sum_milliseconds']:.1f} ms"
            ),
            detail=found,
        ),
        Row("… SQL statements", str(last["statements"]), target="≤ 3", ok=last["statements"] <= 3),
    ]


def _measured(database: Database) -> dict[str, Any]:
    notes = json.dumps({"tenant": database.notes["tenant"], "at": database.notes["at"]})
    return json.loads(run_python("tests.bench.board_times", notes, database_url=database.url))
