"""Many CRMs, or one that retries, at the same moment: each activity counts exactly once."""

import random
from concurrent.futures import ThreadPoolExecutor

from tests.proof.conftest import batch_of


def test_eight_threads_send_the_same_batch(installation):
    names = [f"same-{number:04d}" for number in range(1000)]
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(installation.send, [batch_of(names)] * 8))

    assert [status for status, _answer, _headers in answers] == [200] * 8
    counts = [answer["data"] for _status, answer, _headers in answers]
    assert sum(count["processed"] for count in counts) == 1000
    assert sum(count["duplicates"] for count in counts) == 7000
    assert all(count["processed"] + count["duplicates"] == count["total"] == 1000 for count in counts)
    installation.assert_counted_once(names)


def test_batches_that_share_half_their_ids_in_any_order(installation):
    dice = random.Random(7)
    names = [f"half-{number:04d}" for number in range(1500)]
    batches = []
    for _round in range(12):
        for part in (names[:1000], names[500:]):
            shuffled = batch_of(part)
            dice.shuffle(shuffled)
            batches.append(shuffled)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(installation.send, batches))

    assert [status for status, _answer, _headers in answers] == [200] * len(batches)
    assert sum(answer["data"]["processed"] for _status, answer, _headers in answers) == 1500
    installation.assert_counted_once(names)


def test_a_limit_is_exact_over_all_processes(installation):
    key = installation.manage(
        *("create_api_key", "--tenant", "acme", "--name", "Limited", "--scope", "default:sync", "--rate", "50")
    ).strip()
    request = {"action": "sync_activities", "activities": []}
    with ThreadPoolExecutor(8) as threads:
        answers = list(
            threads.map(
                lambda _number: installation.ask("POST", "/functions/v1/default-integration", request, key), range(160)
            )
        )

    assert sorted(status for status, _answer, _headers in answers) == [200] * 50 + [429] * 110
    remaining = [int(headers["X-RateLimit-Remaining"]) for status, _answer, headers in answers if status == 200]
    assert sorted(remaining) == list(range(50))
