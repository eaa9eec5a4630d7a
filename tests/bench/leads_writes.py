"""One lead a request: created and changed over HTTP, beside a bare view that runs the same statements."""

import json
import os
import random
from collections.abc import Callable

from tests.bench.leads_lists import CLIENTS, PEER, SEED, sizes
from tests.bench.leads_names import FIRST_NAMES, SURNAMES
from tests.bench.load import Load, Result, closed_loop
from tests.bench.servers import LEADS_FLOOR, OURS
from tests.bench.stage import Arm, Bench, Stage, staged, take_turns
from tests.bench.table import Row

LEAST, WARM_UP = 0.5, 200
MOST_A_SECOND = 2500
KNOWN_IDS = 5000


def leads_write(bench: Bench) -> list[Row]:
    """Creates and changes with a warm key, eight clients, at the most leads; the floor writes to the same tables."""
    size = sizes(bench)[-1]
    with staged(bench, size, [OURS, LEADS_FLOOR], seed=SEED) as stage:
        found = stage.database.run(
            "SELECT public_id FROM leads_lead WHERE tenant_id = %s ORDER BY random() LIMIT %s",
            [stage.database.notes["tenant"], KNOWN_IDS],
        )
        ids = [str(public_id) for (public_id,) in found]
        arms = take_turns(
            bench.scale.rounds,
            {
                "create": lambda: _send(stage, OURS, lambda: _create("/v1/leads", stage.token), 201),
                "create, floor": lambda: _send(stage, LEADS_FLOOR, lambda: _create("/create", stage.token), 201),
                "patch": lambda: _send(stage, OURS, lambda: _patch("/v1/leads", ids, stage.token), 200),
                "patch, floor": lambda: _send(stage, LEADS_FLOOR, lambda: _patch("/patch", ids, stage.token), 200),
            },
        )
    peers = {"create": "19.4 creates/s at 100,000", "patch": "73.9 PATCHes/s at 100,000"}
    return [
        _row(f"{name} a lead, {size:,} there", arms[name], arms[f"{name}, floor"], f"{PEER}: {peer}")
        for name, peer in peers.items()
    ]


def _send(stage: Stage, side: str, request: Callable[[], bytes], status: int) -> Result:
    server = stage.servers[side]
    count = int(MOST_A_SECOND * stage.bench.scale.seconds)
    requests = [request() for _ in range(count + WARM_UP)]
    stage.database.settle()
    return (
        Load(
            closed_loop,
            server,
            requests[WARM_UP:],
            clients=CLIENTS,
            seconds=stage.bench.scale.seconds,
            warm_up=requests[:WARM_UP],
            meters={"server": server.cpu_seconds, "postgres": stage.bench.cluster.cpu_seconds},
        )
        .result()
        .expect(status)
    )


def _create(path: str, token: str) -> bytes:
    first, last = _name(FIRST_NAMES), _name(SURNAMES)
    sent = {
        "name": f"{first} {last}",
        "email": f"new{os.urandom(6).hex()}@empresa{random.randrange(9999)}.com.br",
        "phone": "+55 11 98765-4321",
        "company": f"{last} Transportes",
        "source": "website",
    }
    return _request("POST", path, json.dumps(sent).encode(), token)


def _patch(path: str, ids: list[str], token: str) -> bytes:
    body = b'{"phone": "+55 11 %d"}' % random.randrange(900_000_000, 999_999_999)
    return _request("PATCH", f"{path}/{random.choice(ids)}", body, token)


def _name(names: dict[str, int]) -> str:
    return random.choice([*names][:-1])


def _request(method: str, path: str, body: bytes, token: str) -> bytes:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nUser-Agent: bench\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _row(name: str, ours: Arm, floor: Arm, peer: str) -> Row:
    ratio = ours.rate / floor.rate
    return Row(
        name,
        f"{ours.rate:,.0f} requests/s",
        f"{floor.rate:,.0f} bare view",
        f"{ratio:.2f}",
        f"≥ {LEAST:.2f}",
        ratio >= LEAST,
        note=(
            f"p50/p99 {ours.milliseconds(50):.1f}/{ours.milliseconds(99):.1f} ms, bare view "
            f"{floor.milliseconds(50):.1f}/{floor.milliseconds(99):.1f} ms; a request costs server + PostgreSQL "
            f"{ours.cpu()}; bare view {floor.cpu()}; {peer}"
        ),
        detail={"ours": ours.detail(), "limit": floor.detail()},
    )
