"""From the queue to the work: which queues there are, what happens to what fails, and to a worker that stops."""

import logging
from zoneinfo import ZoneInfo

from django.db import InterfaceError, OperationalError
from django.utils import timezone, translation
from procrastinate import BaseRetryStrategy, JobContext, RetryDecision
from procrastinate.exceptions import JobAborted
from procrastinate.jobs import Job

from salesos.background.jobs import Interrupted, fail, run
from salesos.models import BackgroundJob, Tenant
from salesos.tenancy import tenant_context

JOBS, MAIL, UPKEEP = "jobs", "mail", "upkeep"

logger = logging.getLogger("salesos.background")

MOST_ATTEMPTS = 10
"""Of a job that the database, or the worker's end, interrupts: one that ends its worker each time is given up."""


class Resumed(BaseRetryStrategy):
    """A job that a stopping worker put back goes on at once; one that lost the database a little later each time."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        if isinstance(exception, JobAborted):
            return RetryDecision()
        if _is_of_database(exception) and job.attempts < MOST_ATTEMPTS:
            return RetryDecision(retry_in={"seconds": min(2**job.attempts, 60)})
        return None


class Delivered(BaseRetryStrategy):
    """An e-mail that its server did not take is offered again, for some eight hours."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        return RetryDecision(retry_in={"seconds": 15 * 2**job.attempts}) if job.attempts < MOST_ATTEMPTS + 1 else None


def work_on(context: JobContext, *, tenant_id: int, job_id: int) -> None:
    """Go on with a job where it stopped. What its work raises fails it, and is logged; nobody else can help."""
    tenant = Tenant.objects.filter(pk=tenant_id).first()
    if tenant is None:
        return
    zone = ZoneInfo(tenant.time_zone)
    with tenant_context(tenant), timezone.override(zone), translation.override(tenant.language):
        job = BackgroundJob.objects.filter(pk=job_id).first()
        if job is None:
            return
        if context.job.attempts > MOST_ATTEMPTS:
            logger.error("Given up, begun %d times: %s", context.job.attempts, job)
            fail(job)
            return
        try:
            run(job, is_interrupted=context.should_abort)
        except Interrupted:
            raise JobAborted from None
        except (OperationalError, InterfaceError):
            if context.job.attempts >= MOST_ATTEMPTS:
                fail(job)
            raise
        except Exception:
            if not BackgroundJob.objects.filter(pk=job_id).exists():
                return  # thrown away while it was worked on
            logger.exception("Failed: %s", job)
            fail(job)


def _is_of_database(error: BaseException) -> bool:
    return isinstance(error, OperationalError | InterfaceError)
