"""Lists of leads over HTTP, eight clients: a page by filter and order, searches, and pages far down."""

import random
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime, timedelta
from itertools import cycle, islice
from urllib.parse import urlencode

from tests.bench.leads_names import DAYS, FIRST_NAMES, SURNAMES
from tests.bench.load import Load, Result, closed_loop
from tests.bench.servers import LEADS_FLOOR, OURS, serving
from tests.bench.stage import QUICK, Arm, Bench, Stage, staged, take_turns
from tests.bench.table import Row

SEED = "leads_seed"
CLIENTS, WARM_UP, MOST_STATEMENTS = 8, 100, 4
PLAIN = {"status": "qualified", "sort": "-created_at", "per_page": 25}
PEER = "BottleCRM, measured elsewhere (peers.md)"


def sizes(bench: Bench) -> tuple[int, int, int]:
    """How many leads."""
    return (1_000, 10_000, 100_000) if bench.scale is QUICK else (1_000, 100_000, 1_000_000)


def leads_list(bench: Bench) -> list[Row]:
    """25 leads of a status, newest first, with their total, at three sizes; beside a bare DRF list without a total."""
    with ExitStack() as stack:
        stages = {
            size: stack.enter_context(
                staged(bench, size, [OURS, LEADS_FLOOR] if size == sizes(bench)[-1] else [OURS], seed=SEED)
            )
            for size in sizes(bench)
        }
        largest = stages[sizes(bench)[-1]]
        measures = {str(size): lambda stage=stage: ask(stage, [PLAIN]) for size, stage in stages.items()}
        arms = take_turns(bench.scale.rounds, measures | {"floor": lambda: ask_floor(largest)})
        statements = [_statements(largest, query) for query in (PLAIN, {"search": "rita teixeira"})]
    floor, least = arms["floor"], arms[str(sizes(bench)[0])]
    rows = [
        _row(
            f"list of 25 of {size:,} leads",
            arms[str(size)],
            floor,
            f"{floor.rate:,.0f} bare DRF list",
            least=0.33,
            peer="3.7 lists/s at 100,000, 20.4 at 1,000" if size > 1000 else "",
        )
        for size in sizes(bench)
    ]
    most = arms[str(sizes(bench)[-1])]
    ratio = most.milliseconds(50) / least.milliseconds(50)
    return [
        *rows,
        Row(
            f"… p50 beside {sizes(bench)[0]:,} leads",
            f"{most.milliseconds(50):.1f} ms",
            f"{least.milliseconds(50):.1f} ms",
            f"{ratio:.2f}",
            "≤ 1.50",
            ratio <= 1.5,
        ),
        *(
            Row(f"… SQL statements, {kind}", str(count), target=f"≤ {MOST_STATEMENTS}", ok=count <= MOST_STATEMENTS)
            for kind, count in zip(("list", "search"), statements, strict=True)
        ),
    ]


def leads_search(bench: Bench) -> list[Row]:
    """Searches of several kinds beside the plain list, at the least and at the most leads."""
    rows = []
    for size in (sizes(bench)[0], sizes(bench)[-1]):
        with staged(bench, size, [OURS], seed=SEED) as stage:
            first = ask(stage, [{"search": "silva"}], count=1, warm_up=[PLAIN])
            measures = {
                name: lambda queries=queries: ask(stage, queries) for name, queries in (_searches() | _list()).items()
            }
            arms = take_turns(bench.scale.rounds, measures)
        plain = arms.pop("plain list")
        rows += [_search_row(f"search of {size:,} leads: {name}", arm, plain) for name, arm in arms.items()]
        rows.append(
            Row(
                f"… {size:,} leads: silva, asked for the first time",
                f"{first.latencies[0] * 1000:.0f} ms",
                note="counted, and kept from then on where many match",
            )
        )
    rows[-2].note += f"; {PEER}: 1.7 searches/s, p50 3.4 s at 100,000"
    return rows


def leads_deep(bench: Bench) -> list[Row]:
    """Page 4,000, with and without a search, and the same leads reached by their date."""
    size = sizes(bench)[-1]
    with staged(bench, size, [OURS], seed=SEED) as stage:
        page = min(4_000, size // 50)
        day = datetime.fromisoformat(stage.database.notes["at"]) - timedelta(days=DAYS * page * 25 / size)
        kinds: dict[str, Sequence[dict]] = {
            "page 1": [{"sort": "-created_at"}],
            f"page {page:,}": [{"sort": "-created_at", "page": page}],
            f"page {page:,} by name": [{"sort": "name", "page": page}],
            "page 1 of a week there": [{"created_before": _z(day), "created_after": _z(day - timedelta(days=7))}],
            "page 1 of all before": [{"created_before": _z(day)}],
        }
        measures = {name: lambda queries=queries: ask(stage, queries) for name, queries in kinds.items()}
        arms = take_turns(bench.scale.rounds, measures)
        alone = {name: ask(stage, queries, clients=1) for name, queries in kinds.items()}
    first = arms["page 1"]
    return [
        Row(
            f"{name}, {size:,} leads",
            f"{arm.milliseconds(50):.1f} ms",
            "" if arm is first else f"{first.milliseconds(50):.1f} ms page 1",
            "" if arm is first else f"{arm.milliseconds(50) / first.milliseconds(50):.1f}",
            note=f"a single client: p50 {alone[name].milliseconds(50):.1f} ms",
            detail=arm.detail(),
        )
        for name, arm in arms.items()
    ]


def ask(
    stage: Stage,
    queries: Iterable[dict],
    *,
    count: int = 50_000,
    clients: int = CLIENTS,
    warm_up: Iterable[dict] | None = None,
) -> Result:
    """Send these, again and again, for as long as a round lasts."""
    sent = [get(f"/v1/leads?{urlencode(query)}", stage.token) for query in queries]
    before = [get(f"/v1/leads?{urlencode(query)}", stage.token) for query in warm_up] if warm_up else sent
    return _load(stage, OURS, cycle(sent), count=count, clients=clients, warm_up=cycle(before))


def ask_floor(stage: Stage) -> Result:
    requests = [get("/list?status=qualified", stage.token)]
    return _load(stage, LEADS_FLOOR, cycle(requests), count=50_000, clients=CLIENTS, warm_up=cycle(requests))


def _load(
    stage: Stage, side: str, requests: Iterator[bytes], *, count: int, clients: int, warm_up: Iterator[bytes]
) -> Result:
    server = stage.servers[side]
    return (
        Load(
            closed_loop,
            server,
            islice(requests, count),
            clients=clients,
            seconds=stage.bench.scale.seconds,
            warm_up=list(islice(warm_up, WARM_UP)),
            meters={"server": server.cpu_seconds, "postgres": stage.bench.cluster.cpu_seconds},
        )
        .result()
        .expect(200)
    )


def get(path: str, token: str) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\nUser-Agent: bench\r\n\r\n"
    return head.encode()


def _searches() -> dict[str, Sequence[dict]]:
    dice = random.Random(4)

    def drawn(names: dict[str, int]) -> str:
        return dice.choices(list(names), [weight if name else 0 for name, weight in names.items()])[0]

    kinds: dict[str, Iterable[str]] = {
        "first name and surname, a thousand of them": [f"{drawn(FIRST_NAMES)} {drawn(SURNAMES)}" for _ in range(1000)],
        "first name and surname, the same two": ["maria silva"],
        "a surname of one in ten": ["silva"],
        "… of some status, by name": [],
        "an e-mail domain": ["@acme.com"],
        "beginnings, joao sil": ["joao sil"],
        "three letters": ["mar", "sil", "ana", "fer", "rod", "con"],
        "nothing found": ["zzzz", "maria zzzz"],
    }
    queries = {name: [{"search": search} for search in searches] for name, searches in kinds.items()}
    queries["… of some status, by name"] = [{"search": "silva", "status": "qualified", "sort": "name"}]
    return queries


def _list() -> dict[str, Sequence[dict]]:
    return {"plain list": [PLAIN]}


def _statements(stage: Stage, query: dict) -> int:
    """Of one warm request, as PostgreSQL's own log counts them."""
    cluster = stage.bench.cluster
    requests = [get(f"/v1/leads?{urlencode(query)}", stage.token)]
    with cluster.logged(stage.database), serving(OURS, stage.database) as server:
        Load(closed_loop, server, requests * 40, clients=CLIENTS).result().expect(200)
        offset = cluster.log_size()
        Load(closed_loop, server, requests, clients=1).result().expect(200)
        return len(cluster.statements_since(offset))


def _row(name: str, arm: Arm, floor: Arm, limit: str, *, least: float, peer: str = "") -> Row:
    ratio = arm.rate / floor.rate
    return Row(
        name,
        f"{arm.rate:,.0f} requests/s",
        limit,
        f"{ratio:.2f}",
        f"≥ {least:.2f}",
        ratio >= least,
        note=(
            f"p50/p99 {arm.milliseconds(50):.1f}/{arm.milliseconds(99):.1f} ms, limit {floor.milliseconds(50):.1f}/"
            f"{floor.milliseconds(99):.1f} ms; a request costs server + PostgreSQL {arm.cpu()}; limit {floor.cpu()}"
            + (f"; {PEER}: {peer}" if peer else "")
        ),
        detail={"ours": arm.detail(), "limit": floor.detail()},
    )


def _search_row(name: str, arm: Arm, plain: Arm) -> Row:
    ratio = arm.milliseconds(50) / plain.milliseconds(50)
    return Row(
        name,
        f"{arm.milliseconds(50):.1f} ms p50",
        f"{plain.milliseconds(50):.1f} ms plain list",
        f"{ratio:.2f}",
        "≤ 3.00",
        ratio <= 3,
        note=f"p99 {arm.milliseconds(99):.1f} ms, {arm.rate:,.0f} requests/s; a request costs {arm.cpu()}",
        detail=arm.detail(),
    )


def _z(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
