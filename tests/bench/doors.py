"""Keys: what a cold one costs, and whether somebody who tries wrong ones slows the others down."""

import random
import time
from statistics import median

import bcrypt

from tests.bench import bodies
from tests.bench.load import Load, Result, closed_loop, steady
from tests.bench.servers import OURS
from tests.bench.stage import Bench, Stage, staged
from tests.bench.table import Row

VALID_RATE, INVALID_RATE = 150, 50


def cold_key(bench: Bench) -> list[Row]:
    """The first request of a key pays one bcrypt; the next thousand, in every process, none."""
    count = bench.scale.following_requests
    with staged(bench, bench.scale.small, [OURS]) as stage:
        server = stage.servers[OURS]
        first_of_all = Load(closed_loop, server, _requests(stage, 1, stage.token), clients=1).result()
        # Every thread has its connection and its statements before the cold key comes.
        Load(closed_loop, server, _requests(stage, 400, stage.token), clients=8).result()
        # Two clients, one a process: what one process has verified the other must know, too.
        cold = stage.database.notes["cold_token"]
        first = Load(closed_loop, server, _requests(stage, 1, cold), clients=1).result().expect(200)
        following = Load(closed_loop, server, _requests(stage, count, cold), clients=2).result().expect(200)
    hash_milliseconds = _bcrypt_milliseconds(cold)
    taken, slowest = first.latencies[0] * 1000, max(following.latencies) * 1000
    return [
        Row(
            "first request with a cold key",
            f"{taken:.0f} ms",
            f"{hash_milliseconds:.0f} ms one bcrypt",
            f"{taken / hash_milliseconds:.2f}",
            "< 1.50",
            taken < 1.5 * hash_milliseconds,
            note=f"the first request after a start, with another key, took {first_of_all.latencies[0] * 1000:.0f} ms",
        ),
        Row(
            f"… slowest of the next {count}",
            f"{slowest:.1f} ms",
            f"{hash_milliseconds:.0f} ms one bcrypt",
            f"{slowest / hash_milliseconds:.2f}",
            "< 0.50",
            slowest < 0.5 * hash_milliseconds,
            note=f"median {following.milliseconds(50):.1f} ms",
        ),
    ]


def invalid_keys(bench: Bench) -> list[Row]:
    """The p99 of a steady load of valid requests, with and without somebody who tries keys at random."""
    scale = bench.scale
    without, beside, refused = [], [], []
    with staged(bench, scale.small, [OURS]) as stage:
        stage.database.settle()
        for number in range(scale.door_rounds):
            for is_beside in (number % 2 == 0, number % 2 != 0):
                attack = _attack(stage, scale.door_seconds + 0.5) if is_beside else None
                (beside if is_beside else without).append(_valid(stage, scale.door_seconds))
                if attack:
                    refused.append(attack.result().expect(401))
    before, after = (median(result.milliseconds(99) for result in results) for results in (without, beside))
    tries = sum(len(result.latencies) for result in refused)
    return [
        Row(
            f"p99 of {VALID_RATE} valid/s beside {INVALID_RATE} invalid/s",
            f"{after:.1f} ms",
            f"{before:.1f} ms without",
            f"{after / before:.2f}",
            "< 1.20",
            after < 1.2 * before,
            note=(
                f"{tries} invalid keys refused, p50 {median(result.milliseconds(50) for result in refused):.1f} ms; "
                f"valid p50 {median(result.milliseconds(50) for result in beside):.1f} ms beside, "
                f"{median(result.milliseconds(50) for result in without):.1f} ms without"
            ),
            detail={
                "p99_beside_ms": [round(result.milliseconds(99), 2) for result in beside],
                "p99_without_ms": [round(result.milliseconds(99), 2) for result in without],
            },
        )
    ]


def _valid(stage: Stage, seconds: float) -> Result:
    requests = _requests(stage, int(VALID_RATE * seconds) + 100, stage.token)
    load = Load(steady, stage.servers[OURS], requests[100:], rate=VALID_RATE, clients=8, warm_up=requests[:100])
    return load.result().expect(200)


def _attack(stage: Stage, seconds: float) -> Load:
    """Half of the keys are well-formed and name nobody, half are garbage."""
    body = next(bodies.fresh_batches(1, size=1, at=stage.at))
    tokens = random.sample(stage.database.notes["unknown_tokens"], int(INVALID_RATE * seconds))
    for number in range(0, len(tokens), 2):
        tokens[number] = random.choice(["", "sk_live_", "sk_live_" + "x" * 54, "Bearer", "y" * 72, "z" * 3000])
    requests = [bodies.request_of(body, token=token) for token in tokens]
    return Load(steady, stage.servers[OURS], requests, rate=INVALID_RATE, clients=2)


def _requests(stage: Stage, count: int, token: str) -> list[bytes]:
    return [bodies.request_of(body, token=token) for body in bodies.fresh_batches(count, size=1, at=stage.at)]


def _bcrypt_milliseconds(token: str) -> float:
    """One check of a hash at the cost that keys have."""
    hashed = bcrypt.hashpw(token.encode(), bcrypt.gensalt(12))
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        bcrypt.checkpw(token.encode(), hashed)
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)
