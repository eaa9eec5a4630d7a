"""What a case stands on: a copy of a seeded database, SalesOS and the floor serving it, and rounds that take turns."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median

from tests.bench import bodies
from tests.bench.cluster import Cluster, Database
from tests.bench.load import Load, Result, closed_loop
from tests.bench.servers import FLOOR, OURS, Server, serving

MOST_BATCHES_A_SECOND = 110
MOST_SINGLES_A_SECOND = 6000


@dataclass(frozen=True)
class Scale:
    """How large and how long a run is."""

    small: int
    large: int
    rounds: int
    seconds: float
    warm_up_batches: int
    memory_requests: tuple[int, int]
    door_rounds: int
    door_seconds: float
    following_requests: int
    logged: int


FULL = Scale(1_000_000, 5_000_000, 3, 5.0, 40, (100, 1000), 6, 4.0, 1000, 10_000_000)
QUICK = Scale(100_000, 500_000, 3, 1.2, 16, (10, 100), 2, 2.0, 300, 500_000)


@dataclass(frozen=True)
class Bench:
    cluster: Cluster
    scale: Scale


@dataclass
class Arm:
    """One side of a comparison, a result each round. Medians: one bad moment of the machine is no figure."""

    results: list[Result] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return median(result.rate for result in self.results)

    def milliseconds(self, percent: int) -> float:
        return median(result.milliseconds(percent) for result in self.results)

    def cpu(self) -> str:
        """What a request cost the server's processes and PostgreSQL, and the share of a core that the client took."""
        count = sum(len(result.latencies) for result in self.results)
        each = {
            name: sum(result.meters[name] for result in self.results) / count * 1000 for name in ("server", "postgres")
        }
        client = sum(result.client_cpu_seconds for result in self.results) / sum(
            result.seconds for result in self.results
        )
        return f"{each['server']:.2f} + {each['postgres']:.2f} ms, client {client:.0%}"

    def detail(self) -> dict[str, object]:
        return {
            "rates": [round(result.rate, 1) for result in self.results],
            "p50_ms": round(self.milliseconds(50), 2),
            "p99_ms": round(self.milliseconds(99), 2),
            "cpu_a_request": self.cpu(),
        }


@dataclass
class Stage:
    """A database that is thrown away afterwards, and the servers on it."""

    bench: Bench
    database: Database
    servers: dict[str, Server]

    @property
    def token(self) -> str:
        return self.database.notes["token"]

    @property
    def at(self) -> datetime:
        """When the seeded data end; activities are sent as of then."""
        return datetime.fromisoformat(self.database.notes["at"])

    def batches(self, side: str, *, size: int = 1000, clients: int = 4, **kind: bool) -> Result:
        """Fresh batches for as long as a round lasts."""
        scale = self.bench.scale
        most = MOST_BATCHES_A_SECOND if size > 1 else MOST_SINGLES_A_SECOND
        warm_up = scale.warm_up_batches if size > 1 else scale.warm_up_batches * 10
        sent = bodies.fresh_batches(int(most * scale.seconds) + warm_up, size=size, at=self.at, **kind)
        return self.send(side, sent, warm_up=warm_up, clients=clients)

    def send(
        self,
        side: str,
        sent: Iterable[bytes],
        *,
        warm_up: int,
        clients: int,
        path: str = bodies.ENDPOINT,
        token: str = "",
    ) -> Result:
        """Send bodies to a side; the first `warm_up` of them are not measured."""
        server = self.servers[side]
        self.database.settle()
        requests = [bodies.request_of(body, token=token or self.token, path=path) for body in sent]
        return Load(
            closed_loop,
            server,
            requests[warm_up:],
            clients=clients,
            seconds=self.bench.scale.seconds,
            warm_up=requests[:warm_up],
            meters={"server": server.cpu_seconds, "postgres": self.bench.cluster.cpu_seconds},
        ).result()


@contextmanager
def staged(bench: Bench, rows: int, sides: Sequence[str] = (OURS, FLOOR), *, seed: str = "seed") -> Iterator[Stage]:
    with ExitStack() as stack:
        database = stack.enter_context(bench.cluster.copy(rows, seed=seed))
        yield Stage(bench, database, {side: stack.enter_context(serving(side, database)) for side in sides})


def take_turns(rounds: int, measures: dict[str, Callable[[], Result]]) -> dict[str, Arm]:
    """Every measure once a round, every other round backwards: what the machine does meanwhile befalls all alike."""
    arms = {name: Arm() for name in measures}
    for number in range(rounds):
        for name in list(measures)[:: 1 if number % 2 == 0 else -1]:
            arms[name].results.append(measures[name]())
    return arms
