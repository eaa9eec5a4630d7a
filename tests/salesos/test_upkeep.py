"""What the worker deletes every hour, and that one step's failure keeps no other."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from procrastinate.contrib.django import app

from salesos.api import idempotency
from salesos.models import BackgroundJob, BackgroundPart, RequestLog, StoredAnswer
from salesos.models.background import JobState
from salesos.tenancy import tenant_context
from salesos.upkeep import JOBS_KEPT_FOR, do_upkeep

NOW = timezone.now()
YOUNG, OLD = timedelta(minutes=1), timedelta(days=400)


@pytest.fixture
def kept(acme, globex):
    """One young and one old row of everything in each tenant; what is left of all of them."""
    for tenant in (acme, globex):
        with tenant_context(tenant):
            for age in (YOUNG, OLD):
                furnish(tenant, NOW - age)

    def count() -> dict[str, list[int]]:
        left = {"sessions": [Session.objects.count()]}
        for model in (RequestLog, StoredAnswer, BackgroundJob, BackgroundPart):
            left[model.__name__] = []
            for tenant in (acme, globex):
                with tenant_context(tenant):
                    left[model.__name__].append(model.objects.count())
        return left

    return count


def furnish(tenant, at):
    request_id = f"{int(at.timestamp() * 1000):012x}7000{0:04x}{tenant.pk:012x}"
    row = {"method": "POST", "path": "/", "status": 200, "duration_ms": 1, "bytes_in": 0}
    RequestLog.objects.create(id=request_id, at=at, tenant=tenant, **row)
    StoredAnswer.objects.create(key=str(at), fingerprint=b"", at=at)
    job = BackgroundJob.objects.create(kind="tests", state=JobState.DONE, created_at=at)
    BackgroundPart.objects.create(job=job, number=0)
    BackgroundJob.objects.create(kind="tests", state=JobState.PREPARED, created_at=at)
    waiting = BackgroundJob.objects.create(kind="tests", state=JobState.WAITING, created_at=at)
    BackgroundPart.objects.create(job=waiting, number=0)
    Session.objects.create(session_key=f"{tenant.pk} {at}", session_data="", expire_date=at + timedelta(days=1))


def test_what_is_old_goes_and_what_is_young_or_waiting_stays(kept):
    assert kept()["BackgroundJob"] == [6, 6]

    do_upkeep(0)

    assert kept() == {
        "sessions": [2],
        "RequestLog": [1, 1],
        "StoredAnswer": [1, 1],
        "BackgroundJob": [4, 4],
        "BackgroundPart": [3, 3],
    }
    assert OLD > JOBS_KEPT_FOR > YOUNG
    assert OLD > idempotency.KEPT_FOR > YOUNG


def fails(at):
    raise ZeroDivisionError


def test_a_step_that_fails_is_logged_and_keeps_no_other(kept, settings, caplog):
    settings.UPKEEP = [f"{__name__}.fails", "salesos.upkeep.old_requests"]

    do_upkeep(0)

    assert kept()["RequestLog"] == [1, 1]
    assert "ZeroDivisionError" in caplog.text


def test_the_worker_does_it_every_hour():
    (due,) = app.periodic_registry.periodic_tasks.values()
    assert (due.task.name, due.cron) == ("do_upkeep", "23 * * * *")
    assert len(settings.UPKEEP) == len(set(settings.UPKEEP)) > 3
