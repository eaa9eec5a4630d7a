"""`python -m tests.bench [--quick] [CASE …]`: measure, and print one table. Nothing is asserted."""

import argparse
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from datetime import UTC, datetime

from tests.bench.batches import activities_1000, activities_1000_large, activity_1, nothing_new
from tests.bench.boards import leaderboard
from tests.bench.cluster import FOLDER, Cluster
from tests.bench.configure import configure
from tests.bench.costs import memory, statements
from tests.bench.doors import cold_key, invalid_keys
from tests.bench.lead_imports import leads_import
from tests.bench.leads_lists import leads_deep, leads_list, leads_search
from tests.bench.leads_writes import leads_write
from tests.bench.logs import request_log
from tests.bench.progress import say
from tests.bench.stage import FULL, QUICK, Bench
from tests.bench.table import Row, keep, rendered

CASES: dict[str, Callable[[Bench], list[Row]]] = {
    "activities-1000": activities_1000,
    "activities-1000-large": activities_1000_large,
    "activity-1": activity_1,
    "nothing-new": nothing_new,
    "leaderboard": leaderboard,
    "configure": configure,
    "request-log": request_log,
    "leads-list": leads_list,
    "leads-search": leads_search,
    "leads-deep": leads_deep,
    "leads-write": leads_write,
    "leads-import": leads_import,
    "cold-key": cold_key,
    "invalid-keys": invalid_keys,
    "memory": memory,
    "statements": statements,
}


def main() -> None:
    parser = _parser()
    options = parser.parse_args()
    unknown = sorted(set(options.cases) - set(CASES))
    if unknown:
        parser.error(f"no such case: {', '.join(unknown)}")
    # Ended from outside, it still stops what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    bench = Bench(Cluster(), QUICK if options.quick else FULL)
    rows: list[Row] = []
    try:
        for name in options.cases or CASES:
            say(name)
            rows += _measured(name, bench)
    except KeyboardInterrupt:
        sys.stdout.write(rendered(rows) + "\n")
        sys.exit("Stopped.")
    sys.stdout.write(rendered(rows) + "\n")
    copy = FOLDER / f"{'quick' if options.quick else 'full'}.json"
    keep(
        rows,
        copy,
        at=datetime.now(UTC).isoformat(),
        seconds=round(time.monotonic() - started),
        cores=os.cpu_count(),
        postgres=bench.cluster.server_settings(),
        scale=bench.scale.__dict__,
    )
    say(f"a copy with all figures: {copy}")


def _measured(name: str, bench: Bench) -> list[Row]:
    try:
        return CASES[name](bench)
    except Exception as error:
        traceback.print_exc()
        return [Row(name, f"failed: {type(error).__name__}", ok=False)]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"which ones (all): {', '.join(CASES)}")
    parser.add_argument("--quick", action="store_true", help="smaller tables and shorter rounds, to see that it works")
    return parser


if __name__ == "__main__":
    main()
