"""The worker process: takes up what is queued, and what a worker that was killed left behind.

E-mails have a lane of their own, so that no import keeps one waiting. Any number of workers may run, on any machine.
"""

import asyncio
import logging
import os
import signal
from collections.abc import Coroutine, Sequence
from typing import Any

from procrastinate import App
from procrastinate.contrib.django import app
from procrastinate.contrib.django.django_connector import DjangoConnector
from procrastinate.exceptions import ConnectorException
from procrastinate.jobs import DeleteJobCondition

from salesos.background.queue import JOBS, MAIL, UPKEEP

logger = logging.getLogger("salesos.background")

LANES: Sequence[tuple[str, int]] = ((JOBS, 2), (MAIL, 2), (UPKEEP, 1))
"""Queue, and how much of it is worked on at once."""
HEARTBEAT, TAKEN_FOR_DEAD = 5.0, 20.0
"""Seconds between a worker's signs of life, and without any until what it was at is put back."""


def work_until_stopped(parent: int | None = None) -> None:
    """Work until SIGTERM or SIGINT comes, or the process `parent` is gone; what is half done is put back."""
    asyncio.run(_work(parent))


async def _work(parent: int | None) -> None:
    assert isinstance(app.connector, DjangoConnector)  # noqa: S101 - what Procrastinate's own app has
    # A second app with connections for the loop; what the tasks themselves put into the queue goes through Django's.
    worker = app.with_connector(app.connector.get_worker_connector())
    async with worker.open_async():
        lanes = [
            worker.run_worker_async(
                queues=[queue],
                name=queue,
                concurrency=concurrency,
                install_signal_handlers=False,
                # At once: a job stops after the part that it is at.
                shutdown_graceful_timeout=0,
                # What is to be told of it stands elsewhere (BackgroundJob, the log).
                delete_jobs=DeleteJobCondition.ALWAYS,
                update_heartbeat_interval=HEARTBEAT,
                stalled_worker_timeout=TAKEN_FOR_DEAD,
            )
            for queue, concurrency in LANES
        ]
        await _until_stopped([*lanes, _rescue(worker)], parent)


async def _until_stopped(work: Sequence[Coroutine[Any, Any, None]], parent: int | None) -> None:
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    tasks = [asyncio.ensure_future(each) for each in work]
    waiting = asyncio.ensure_future(_gone(stop, parent))
    # A lane that ends by itself has lost the database: so does the process, and is started again.
    done, _open = await asyncio.wait([*tasks, waiting], return_when=asyncio.FIRST_COMPLETED)
    for each in (*tasks, waiting):
        each.cancel()
    await asyncio.gather(*tasks, waiting, return_exceptions=True)
    for ended in done - {waiting}:
        ended.result()


async def _gone(stop: asyncio.Event, parent: int | None) -> None:
    while not stop.is_set() and (parent is None or os.getppid() == parent):
        try:
            await asyncio.wait_for(stop.wait(), timeout=1)
        except TimeoutError:
            continue


async def _rescue(worker: App) -> None:
    """Put back what workers had begun that give no sign of life any more."""
    while True:
        for job in await worker.job_manager.get_stalled_jobs(seconds_since_heartbeat=TAKEN_FOR_DEAD):
            logger.warning("Put back, its worker is gone: %s", job.call_string)
            try:
                await worker.job_manager.retry_job(job)
            except ConnectorException:
                # Another worker was quicker.
                continue
        await asyncio.sleep(HEARTBEAT)
