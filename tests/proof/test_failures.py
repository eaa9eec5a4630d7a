"""The server killed, the database restarted: nothing is lost, nothing counts twice, and service heals by itself."""

import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from tests.proof.conftest import Lost, batch_of, until


def test_a_server_killed_in_the_middle_of_batches_and_the_batches_sent_again(installation):
    batches = [batch_of([f"kill-{batch}-{number:04d}" for number in range(1000)]) for batch in range(12)]
    cut_short = 0
    for round_of in range(4):
        mine = batches[round_of * 3 : round_of * 3 + 3]
        outcomes: list[int] = []

        def send(batch, outcomes=outcomes):
            try:
                outcomes.append(installation.send(batch)[0])
            except Lost:
                outcomes.append(0)

        threads = [threading.Thread(target=send, args=[batch]) for batch in mine]
        for thread in threads:
            thread.start()
        # A batch takes some 30 ms: by turns before, in the middle of and after its transaction.
        time.sleep(0.015 + 0.02 * round_of)
        installation.kill_server()
        for thread in threads:
            thread.join()
        cut_short += outcomes.count(0)
        installation.start_server()
        for batch in mine:
            counts = installation.send_until_answered(batch)
            # All or nothing: the part of a batch is never there.
            assert (counts["processed"], counts["duplicates"]) in {(1000, 0), (0, 1000)}

    assert cut_short > 0, "no batch was cut short: the test proves nothing"
    installation.assert_counted_once([item["external_id"] for batch in batches for item in batch])


def test_the_database_stopped_and_started_under_load(installation):
    names = [f"restart-{number:05d}" for number in range(6000)]
    batches = [batch_of(names[start : start + 50]) for start in range(0, len(names), 50)]
    random.Random(11).shuffle(batches)
    database = installation.database
    refusals: list[tuple[str, str]] = []

    def send(batch):
        return installation.send_until_answered(
            batch, lambda answer, headers: refusals.append((answer["error"]["code"], headers["Retry-After"]))
        )

    with ThreadPoolExecutor(4) as threads:
        sending = [threads.submit(send, batch) for batch in batches]
        until(lambda: sum(future.done() for future in sending) > 20)
        database.stop()
        until(lambda: len(refusals) >= 8)
        database.ensure_postgres_running()
        counts = [future.result() for future in sending]

    assert set(refusals) == {("SERVICE_UNAVAILABLE", "5")}
    assert {count["total"] for count in counts} == {50}
    installation.assert_counted_once(names)
    assert installation.ask("GET", "/readyz")[0] == 200
