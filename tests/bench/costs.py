"""What a request costs besides time: memory that stays, and SQL statements."""

import psutil

from tests.bench import bodies
from tests.bench.load import Load, closed_loop
from tests.bench.servers import OURS, PROCESSES, Server, serving
from tests.bench.stage import Bench, Stage, staged
from tests.bench.table import Row

MOST_STATEMENTS = 8


def memory(bench: Bench) -> list[Row]:
    """Each server process after its 100th and after its 1000th request of a thousand activities."""
    early, late = bench.scale.memory_requests
    with staged(bench, bench.scale.small, [OURS]) as stage:
        _send_batches(stage, early * PROCESSES)
        before = _megabytes(stage)
        _send_batches(stage, (late - early) * PROCESSES)
        after = _megabytes(stage)
    growth = max(after[pid] / before[pid] for pid in before)
    return [
        Row(
            f"memory of a process, request {late}",
            f"{max(after.values()):.1f} MB",
            f"{max(before.values()):.1f} MB at request {early}",
            f"{growth:.3f}",
            "< 1.050",
            growth < 1.05,
            note="proportional set size (shared pages are counted in parts), the process that grew most",
            detail={"before_mb": before, "after_mb": after},
        )
    ]


def statements(bench: Bench) -> list[Row]:
    """The statements of one warm request, as PostgreSQL's own log counts them."""
    with (
        staged(bench, bench.scale.small, []) as stage,
        bench.cluster.logged(stage.database),
        serving(OURS, stage.database) as server,
    ):
        known = [name for (name,) in stage.database.run("SELECT external_id FROM missions_activity LIMIT 1000")]
        singles = bodies.fresh_batches(101, size=1, at=stage.at)
        batches = bodies.fresh_batches(2, size=1000, at=stage.at)
        kinds = {
            "1000 fresh": next(batches),
            "1 fresh": next(singles),
            "1000 duplicates": bodies.batch(known, at=stage.at),
            "1000 unknown": next(bodies.fresh_batches(1, size=1000, at=stage.at, unknown=True)),
            "1000 fresh, others unmatched": next(batches),
            "500 collaborators": bodies.people_batch(500),
            "1 collaborator": bodies.people_batch(1),
        }
        warm_up = [bodies.request_of(body, token=stage.token) for body in singles]
        Load(closed_loop, server, warm_up, clients=8).result().expect(200)
        return [_counted(stage, server, kind, body) for kind, body in kinds.items()]


def _counted(stage: Stage, server: Server, kind: str, body: bytes) -> Row:
    offset = stage.bench.cluster.log_size()
    request = bodies.request_of(body, token=stage.token)
    Load(closed_loop, server, [request], clients=1).result().expect(200)
    # The row of the request log is written before the answer is sent, so the log is complete.
    found = stage.bench.cluster.statements_since(offset)
    return Row(
        f"SQL statements: {kind}",
        str(len(found)),
        target=f"≤ {MOST_STATEMENTS}",
        ok=len(found) <= MOST_STATEMENTS,
        note=f"{sum(duration for duration, _ in found):.1f} ms in PostgreSQL",
        detail={"statements": found},
    )


def _send_batches(stage: Stage, count: int) -> None:
    server = stage.servers[OURS]
    # Made as they are sent: a thousand of them at once would be the client's memory, not the server's.
    requests = (
        bodies.request_of(body, token=stage.token) for body in bodies.fresh_batches(count, size=1000, at=stage.at)
    )
    Load(closed_loop, server, requests, clients=4).result().expect(200, '"processed": 1000')


def _megabytes(stage: Stage) -> dict[int, float]:
    return {pid: psutil.Process(pid).memory_full_info().pss / 1e6 for pid in stage.servers[OURS].workers}
