"""Activities in: a thousand a request, one a request, and batches that have nothing new in them."""

from collections.abc import Iterator

from tests.bench import bodies
from tests.bench.load import Result
from tests.bench.servers import FLOOR, OURS
from tests.bench.stage import MOST_SINGLES_A_SECOND, Arm, Bench, Stage, staged, take_turns
from tests.bench.table import Row


def activities_1000(bench: Bench) -> list[Row]:
    """A thousand fresh activities a request, four clients, beside the floor; every round on a fresh copy."""
    ours, floor = Arm(), Arm()
    for number in range(bench.scale.rounds):
        with staged(bench, bench.scale.small) as stage:
            sides = [(ours, OURS), (floor, FLOOR)]
            for arm, side in sides[:: 1 if number % 2 == 0 else -1]:
                arm.results.append(stage.batches(side).expect(200, '"processed": 1000'))
    return [_beside_floor(f"1000 activities a request, {_short(bench.scale.small)} rows", ours, floor, 0.70, 1000)]


def activities_1000_large(bench: Bench) -> list[Row]:
    """The same on a table five times as large, in turns with the smaller one."""
    scale = bench.scale
    with staged(bench, scale.small, [OURS]) as small, staged(bench, scale.large) as large:
        arms = take_turns(
            scale.rounds,
            {
                "small": lambda: small.batches(OURS).expect(200, '"processed": 1000'),
                "large": lambda: large.batches(OURS).expect(200, '"processed": 1000'),
                "floor": lambda: large.batches(FLOOR).expect(200, '"processed": 1000'),
            },
        )
    name = f"1000 activities a request, {_short(scale.large)} rows"
    ratio = arms["large"].rate / arms["small"].rate
    return [
        _beside_floor(name, arms["large"], arms["floor"], None, 1000),
        Row(
            f"… beside {_short(scale.small)} rows",
            _rows_a_second(arms["large"]),
            _rows_a_second(arms["small"]),
            f"{ratio:.2f}",
            "≥ 0.70",
            ratio >= 0.70,
            detail={"small": arms["small"].detail(), "large": arms["large"].detail()},
        ),
    ]


def activity_1(bench: Bench) -> list[Row]:
    """One activity a request, eight clients, beside a view that looks a token up and inserts a row."""
    with staged(bench, bench.scale.small) as stage:
        arms = take_turns(
            bench.scale.rounds,
            {
                "ours": lambda: stage.batches(OURS, size=1, clients=8).expect(200, '"processed": 1'),
                "floor": lambda: _least_writes(stage).expect(200, '"processed": 1'),
            },
        )
    return [_beside_floor("1 activity a request", arms["ours"], arms["floor"], 1 / 3, 1)]


def nothing_new(bench: Bench) -> list[Row]:
    """A thousand duplicates, and a thousand that nobody has the e-mail of, beside a thousand fresh ones."""
    scale = bench.scale
    with staged(bench, scale.small, [OURS]) as stage:

        def unknown() -> Result:
            result = stage.batches(OURS, unknown=True).expect(200, '"skipped": 1000')
            stage.database.run("TRUNCATE missions_unmatchedactivity")
            return result

        arms = take_turns(
            scale.rounds,
            {
                "fresh": lambda: stage.batches(OURS).expect(200, '"processed": 1000'),
                "duplicates": lambda: _duplicates(stage).expect(200, '"duplicates": 1000'),
                "unknown": unknown,
            },
        )
        # What was kept once: from then on every batch has to look whether something of it can go.
        stage.batches(OURS, unknown=True).expect(200, '"skipped": 1000')
        kept = take_turns(scale.rounds, {"fresh": lambda: stage.batches(OURS).expect(200, '"processed": 1000')})
    fresh = arms["fresh"]
    rows = [
        ("1000 duplicates a request", arms["duplicates"], True),
        ("1000 unknown e-mails a request", arms["unknown"], True),
        ("1000 fresh, others kept unmatched", kept["fresh"], False),
    ]
    return [
        Row(
            name,
            _rows_a_second(arm),
            f"{_rows_a_second(fresh)} fresh",
            f"{arm.rate / fresh.rate:.2f}",
            "≥ 1.00" if is_asked else "",
            arm.rate >= fresh.rate if is_asked else None,
            note=f"a request costs server + PostgreSQL {arm.cpu()}; a fresh one {fresh.cpu()}",
            detail={"this": arm.detail(), "fresh": fresh.detail()},
        )
        for name, arm, is_asked in rows
    ]


def _duplicates(stage: Stage) -> Result:
    """Batches of what was recorded long ago, picked from all over the table: the caches don't help."""
    known = stage.database.run("SELECT external_id FROM missions_activity ORDER BY random() LIMIT 100000")
    names = [name for (name,) in known]
    batches = [bodies.batch(names[start : start + 1000], at=stage.at) for start in range(0, len(names), 1000)]
    warm_up = stage.bench.scale.warm_up_batches

    def again_and_again() -> Iterator[bytes]:
        for number in range(warm_up + int(stage.bench.scale.seconds * 250)):
            yield batches[number % len(batches)]

    return stage.send(OURS, again_and_again(), warm_up=warm_up, clients=4)


def _least_writes(stage: Stage) -> Result:
    warm_up = stage.bench.scale.warm_up_batches * 10
    count = int(MOST_SINGLES_A_SECOND * stage.bench.scale.seconds) + warm_up
    sent = bodies.fresh_batches(count, size=1, at=stage.at)
    return stage.send(FLOOR, sent, warm_up=warm_up, clients=8, path="/one", token="floor")


def _beside_floor(name: str, ours: Arm, floor: Arm, least: float | None, size: int) -> Row:
    ratio = ours.rate / floor.rate
    unit = _rows_a_second if size > 1 else _requests_a_second
    return Row(
        name,
        unit(ours),
        f"{unit(floor)} floor",
        f"{ratio:.2f}",
        "" if least is None else f"≥ {least:.2f}",
        None if least is None else ratio >= least,
        note=(
            f"p50/p99 {ours.milliseconds(50):.1f}/{ours.milliseconds(99):.1f} ms, floor {floor.milliseconds(50):.1f}/"
            f"{floor.milliseconds(99):.1f} ms; a request costs server + PostgreSQL {ours.cpu()}; floor {floor.cpu()}"
        ),
        detail={"ours": ours.detail(), "floor": floor.detail()},
    )


def _rows_a_second(arm: Arm) -> str:
    return f"{arm.rate * 1000:,.0f} rows/s"


def _requests_a_second(arm: Arm) -> str:
    return f"{arm.rate:,.0f} requests/s"


def _short(rows: int) -> str:
    return f"{rows // 1_000_000}M" if rows >= 1_000_000 else f"{rows // 1000}k"
