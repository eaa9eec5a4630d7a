"""Jobs: what somebody asked for, done in parts that are committed one by one."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone
from procrastinate.contrib.django import app

from salesos import audit
from salesos.database import run as run_sql
from salesos.models import BackgroundFile, BackgroundJob, BackgroundPart, User
from salesos.models.background import ENDED, JobState
from salesos.retrying import DEADLOCK, FOREIGN_KEY_VIOLATION, SERIALIZATION_FAILURE, retried
from salesos.tenancy import current_tenant, tenant_context

Chunk = TypeVar("Chunk")


@dataclass(frozen=True, slots=True)
class Part:
    """What one part of a job has done: how many of its rows, with which outcomes, and what is to be told of them."""

    done: int
    counts: Mapping[str, int] = field(default_factory=dict)
    result: Any = field(default_factory=list)


class Work(Generic[Chunk]):
    """A kind of job. Its methods are called inside the job's tenant, with its user as the one who acts.

    What differs between two calls for the same job belongs into its input: `chunks` must give the same chunks again.
    """

    at_once: ClassVar[int] = 1
    """How many parts are worked on side by side, each in a thread and a transaction of its own, in any order."""

    def chunks(self, job: BackgroundJob) -> Iterable[Chunk]:
        """The parts that the job falls into, always the same ones in the same order. May be lazy."""
        raise NotImplementedError

    def do(self, job: BackgroundJob, chunk: Chunk) -> Part:
        """Do one part, inside a transaction that also notes that it is done. What it raises fails the job; where the
        database undid the transaction because of another one, it is called again with the same chunk."""
        raise NotImplementedError

    def ended(self, job: BackgroundJob) -> None:
        """After the last part, inside the transaction that ends the job, whatever its state; `job.state` tells."""


KINDS: dict[str, Work[Any]] = {}


def work(kind: str) -> Callable[[type[Work[Any]]], type[Work[Any]]]:
    """Register a class as what is done for jobs of this kind. It stands where an app's `tasks` module imports it."""

    def register(does: type[Work[Any]]) -> type[Work[Any]]:
        KINDS[kind] = does()
        return does

    return register


# Ask


@transaction.atomic
def prepare(
    kind: str,
    *,
    by: User | None = None,
    input: Mapping[str, Any] | None = None,
    total: int = 0,
    file: bytes | None = None,
    file_name: str = "",
) -> BackgroundJob:
    """A job of the current tenant that nobody works on yet, for which `file` is kept.

    It is `by`'s doing, by default that of whoever acts now (`audit.acting`).
    """
    if kind not in KINDS:
        raise ValueError(f"Nobody does {kind!r}.")
    actor = audit.current_actor() if by is None else audit.Actor(by)
    job = BackgroundJob.objects.create(
        kind=kind,
        input=dict(input or {}),
        total=total,
        file_name=file_name[:255],
        **_columns(actor),
        created_at=timezone.now(),
    )
    if file is not None:
        BackgroundFile.objects.create(job=job, content=file)
    return job


def _columns(actor: audit.Actor | None) -> dict[str, Any]:
    if actor is None:
        return {}
    return {
        "by": actor.user,
        "by_name": str(actor.user)[:255],
        "address": actor.address,
        "as_staff": actor.as_staff,
    }


@contextmanager
def _acting(job: BackgroundJob) -> Iterator[None]:
    if job.by is None:
        yield
        return
    with audit.acting(audit.Actor(job.by, job.address, job.as_staff)):
        yield


@transaction.atomic
def start(job: BackgroundJob) -> bool:
    """Put a prepared job into the queue, together with all that the caller's transaction does. False if it was before.

    Jobs of one tenant are worked on one after the other, those of others beside them.
    """
    prepared = BackgroundJob.objects.filter(pk=job.pk, state=JobState.PREPARED)
    if not prepared.update(state=JobState.WAITING):
        return False
    job.state = JobState.WAITING
    queued = app.configure_task("work_on", lock=f"tenant {job.tenant_id}")
    queued.defer(tenant_id=job.tenant_id, job_id=job.pk)
    return True


def file_of(job: BackgroundJob) -> bytes:
    """The file that the job was prepared with. Raises `BackgroundFile.DoesNotExist` once the job has ended."""
    return bytes(BackgroundFile.objects.get(job=job).content)


def ask_to_cancel(job: BackgroundJob) -> None:
    """Have it end after the part that it is at; one that nobody has begun ends at once. No effect on one that ended."""
    with transaction.atomic():
        locked = BackgroundJob.objects.select_for_update().get(pk=job.pk)
        if locked.state in (JobState.PREPARED, JobState.WAITING):
            _end(locked, JobState.CANCELLED)
        elif locked.state == JobState.RUNNING and locked.cancel_asked_at is None:
            locked.cancel_asked_at = timezone.now()
            locked.save(update_fields=["cancel_asked_at"])


def forget_old(*, prepared_before: datetime, ended_before: datetime) -> int:
    """Delete the current tenant's jobs that were made before a moment and have ended, or were never started; returns
    how many."""
    prepared = Q(state=JobState.PREPARED, created_at__lt=prepared_before)
    ended = Q(state__in=ENDED, created_at__lt=ended_before)
    count: int = BackgroundJob.objects.filter(prepared | ended).delete()[1].get("salesos.BackgroundJob", 0)
    return count


# Do


class Interrupted(Exception):
    """The worker is to stop: what is not done of the job is left for the next one."""


def run(job: BackgroundJob, *, is_interrupted: Callable[[], bool] = lambda: False) -> BackgroundJob:
    """Do what is not done of `job` yet, in the current tenant, and end it. Returns it as it is then.

    Two at the same job do not do anything twice: each part is done by whoever is first to note it. Raises
    `Interrupted` between two parts once `is_interrupted` says so, and what a part raised.
    """
    job = _taken_up(job)
    if job.has_ended:
        return job
    with _acting(job):
        is_whole = _work_through(job, KINDS[job.kind], is_interrupted)
        with transaction.atomic():
            locked: BackgroundJob = BackgroundJob.objects.select_for_update().get(pk=job.pk)
            if not locked.has_ended:
                _end(locked, JobState.DONE if is_whole else JobState.CANCELLED)
    return locked


def fail(job: BackgroundJob) -> None:
    """End it as failed, with what is done of it left as it is."""
    with _acting(job), transaction.atomic():
        locked = BackgroundJob.objects.select_for_update().get(pk=job.pk)
        if not locked.has_ended:
            _end(locked, JobState.FAILED)


def _taken_up(job: BackgroundJob) -> BackgroundJob:
    waiting = BackgroundJob.objects.filter(pk=job.pk, state__in=[JobState.PREPARED, JobState.WAITING])
    waiting.update(state=JobState.RUNNING, started_at=timezone.now())
    taken: BackgroundJob = BackgroundJob.objects.select_related("by").get(pk=job.pk)
    return taken


def _end(job: BackgroundJob, state: JobState) -> None:
    job.state, job.ended_at = state, timezone.now()
    job.save(update_fields=["state", "ended_at"])
    BackgroundFile.objects.filter(job=job).delete()
    KINDS[job.kind].ended(job)


def _work_through(job: BackgroundJob, kind: Work[Any], is_interrupted: Callable[[], bool]) -> bool:
    """Whether all of it was done; False when somebody asked to cancel."""
    for _each in _attempts(job, kind):
        if is_interrupted():
            raise Interrupted
        if _is_cancelled(job):
            return False
    return True


def _is_cancelled(job: BackgroundJob) -> bool:
    stopped = Q(cancel_asked_at__isnull=False) | Q(state__in=ENDED)
    # Or thrown away meanwhile.
    return not BackgroundJob.objects.filter(pk=job.pk).exclude(stopped).exists()


def _attempts(job: BackgroundJob, kind: Work[Any]) -> Iterator[None]:
    """Do one open part after the other; yields before each. A chunk is not asked for before it is its turn."""
    noted = set(BackgroundPart.objects.filter(job=job).values_list("number", flat=True))
    todo = ((number, chunk) for number, chunk in enumerate(kind.chunks(job)) if number not in noted)
    # In a transaction of the caller's nobody else would see what is done.
    if kind.at_once > 1 and not connection.in_atomic_block:
        yield from _side_by_side(job, kind, todo)
        return
    for number, chunk in todo:
        yield
        _do(job, kind, number, chunk)


def _side_by_side(job: BackgroundJob, kind: Work[Any], todo: Iterable[tuple[int, Any]]) -> Iterator[None]:
    tenant = current_tenant()

    def do(number: int, chunk: Any) -> None:
        try:
            with tenant_context(tenant), _acting(job):
                _do(job, kind, number, chunk)
        finally:
            connection.close()

    with ThreadPoolExecutor(kind.at_once, thread_name_prefix=job.kind) as threads:
        under_way: set[Future[None]] = set()
        for number, chunk in todo:
            yield
            under_way.add(threads.submit(do, number, chunk))
            if len(under_way) > kind.at_once:
                done, under_way = wait(under_way, return_when=FIRST_COMPLETED)
                _raise_of(done)
        _raise_of(under_way)


def _raise_of(futures: Iterable[Future[None]]) -> None:
    for future in futures:
        future.result()


@retried(SERIALIZATION_FAILURE, DEADLOCK, FOREIGN_KEY_VIOLATION)
@transaction.atomic
def _do(job: BackgroundJob, kind: Work[Any], number: int, chunk: Any) -> None:
    # First of all, as a claim: another one who is at this part waits here, and then leaves it alone.
    claimed = run_sql(_CLAIM, [job.tenant_id, job.pk, number])
    if not claimed:
        return
    part = kind.do(job, chunk)
    BackgroundPart.objects.filter(pk=claimed[0][0]).update(done=part.done, counts=dict(part.counts), result=part.result)


_CLAIM = """
INSERT INTO salesos_backgroundpart (tenant_id, job_id, number, done, counts, result)
VALUES (%s, %s, %s, 0, '{}', '[]') ON CONFLICT (tenant_id, job_id, number) DO NOTHING RETURNING id
"""
