"""Importing leads from a file by the command, into a tenant without any: speed, and what memory a longer file costs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import sql

from tests.bench.cluster import run_python
from tests.bench.stage import FULL, Bench
from tests.bench.table import Row

LEAST_ROWS_A_SECOND = 5000
MOST_GROWTH = 1.1
"""Memory at five times the rows, against that at the rows."""


def leads_import(bench: Bench) -> list[Row]:
    count = 100_000 if bench.scale == FULL else 10_000
    with _empty_database(bench) as url:
        found = [_measured(url, "new", count), _measured(url, "long", count * 5)]
        found += [_measured(url, kind, count) for kind in ("again", "changed", "earning")]
    new, long, again, changed, earning = found
    rate, growth = new["rate"], long["peak_mb"] / new["peak_mb"]
    return [
        Row(
            f"import of {count:,} leads, checked, with history",
            f"{rate:,.0f}/s",
            f"{LEAST_ROWS_A_SECOND:,}/s",
            f"{rate / LEAST_ROWS_A_SECOND:.2f}",
            "≥ 1.00",
            rate >= LEAST_ROWS_A_SECOND,
            note=f"processor time of a lead: Python {new['python_us']:.0f} µs, PostgreSQL {new['postgres_us']:.0f} µs",
            detail=new,
        ),
        Row(
            f"… memory, at {count * 5:,} rows",
            f"{long['peak_mb']:.0f} MB",
            f"{new['peak_mb']:.0f} MB",
            f"{growth:.2f}",
            f"≤ {MOST_GROWTH:.2f}",
            growth <= MOST_GROWTH,
            detail=long,
        ),
        Row(f"… {count * 5:,} rows", f"{long['rate']:,.0f}/s"),
        Row("… the same file again", f"{again['rate']:,.0f}/s", detail=again),
        Row("… all of them changed", f"{changed['rate']:,.0f}/s", detail=changed),
        Row("… with owners who earn points", f"{earning['rate']:,.0f}/s", detail=earning),
    ]


def _measured(url: str, kind: str, count: int) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        run_python("tests.bench.lead_import_times", kind, str(count), database_url=url).splitlines()[-1]
    )
    return found


@contextmanager
def _empty_database(bench: Bench) -> Iterator[str]:
    name = "work_import"
    with bench.cluster._admin() as admin:
        bench.cluster._drop(admin, name)
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        try:
            yield bench.cluster.url_of(name)
        finally:
            bench.cluster._drop(admin, name)
