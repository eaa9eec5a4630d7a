"""The worker's part in tests that run inside one transaction, of which no other process sees anything."""

from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.job_context import JobContext
from procrastinate.jobs import Job


def do_waiting() -> int:
    """Do what is queued and due, as the worker would, until nothing is left; returns how much it was."""
    done = 0
    while (row := ProcrastinateJob.objects.filter(status="todo", scheduled_at=None).order_by("id").first()) is not None:
        take_out(row)
        task = app.tasks[row.task_name]
        given = [JobContext(app=app, job=job_of(row), start_timestamp=0, abort_reason=lambda: None)]
        task.func(*(given if task.pass_context else []), **row.args)
        done += 1
    return done


def take_out(row: ProcrastinateJob) -> None:
    # Past the model, which is read-only for us: the queue belongs to Procrastinate.
    ProcrastinateJob.objects.get_queryset().filter(pk=row.pk)._raw_delete("default")


def job_of(row: ProcrastinateJob) -> Job:
    return Job(
        id=row.pk,
        queue=row.queue_name,
        lock=row.lock,
        queueing_lock=row.queueing_lock,
        task_name=row.task_name,
        task_kwargs=row.args,
        attempts=row.attempts,
    )
