"""What has to be done now and then by nobody's hand: the background worker does it every hour.

Each step takes the present moment and yields how many rows every batch of it deleted; it may be stopped between two
batches and begun again at any time. `settings.UPKEEP` lists the steps, those of the packages above the core with them.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.contrib.sessions.models import Session
from django.utils import timezone
from django.utils.module_loading import import_string

from salesos import request_log
from salesos.api import idempotency
from salesos.background.jobs import forget_old
from salesos.models import Tenant
from salesos.request_counts import bring_up_to_date
from salesos.tenancy import tenant_context

Step = Callable[[datetime], Iterator[int]]

JOBS_KEPT_FOR = timedelta(days=30)
"""What imports and the like tell of each row names people."""
FILES_KEPT_FOR = timedelta(days=1)
"""Of jobs that were prepared and never started."""

logger = logging.getLogger("salesos.upkeep")


def do_upkeep(timestamp: int) -> None:
    """Every step, also after one that failed. `timestamp` is when it was due, which does not matter."""
    at = timezone.now()
    for name in settings.UPKEEP:
        step: Step = import_string(name)
        try:
            deleted = sum(step(at))
        except Exception:
            logger.exception("Upkeep failed: %s", name)
        else:
            logger.log(logging.INFO if deleted else logging.DEBUG, "%s: %d deleted", name, deleted)


def old_requests(at: datetime) -> Iterator[int]:
    """Requests logged longer than `REQUEST_LOG_DAYS` ago; the figures by hour, which stay, are brought up to date."""
    for tenant in Tenant.objects.order_by("pk"):
        bring_up_to_date(tenant, now=at, budget_seconds=None)
    return request_log.prune(before=at - timedelta(days=settings.REQUEST_LOG_DAYS))


def stored_answers(at: datetime) -> Iterator[int]:
    """Answers that were kept for a repeat of their request."""
    return idempotency.prune(before=at - idempotency.KEPT_FOR)


def ended_sessions(at: datetime) -> Iterator[int]:
    yield Session.objects.filter(expire_date__lt=at).delete()[0]


def old_jobs(at: datetime) -> Iterator[int]:
    for tenant in Tenant.objects.order_by("pk"):
        with tenant_context(tenant):
            yield forget_old(prepared_before=at - FILES_KEPT_FOR, ended_before=at - JOBS_KEPT_FOR)
