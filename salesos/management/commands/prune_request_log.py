"""`manage.py prune_request_log`: delete what the request log, and answers kept for a repeat, need not keep longer."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from salesos.api import idempotency
from salesos.management.whole_number import whole_number
from salesos.models import Tenant
from salesos.request_counts import bring_up_to_date
from salesos.request_log import prune

MOST_DAYS = 10_000
MOST_ROWS = 1_000_000


class Command(BaseCommand):
    help = (
        "Delete requests from the log that are older than so many days, oldest first and in batches, of all tenants. "
        "The figures by hour stay: they are brought up to date first. Answers that were kept for an Idempotency-Key go "
        "after 24 hours. The background worker does the same every hour. May be stopped at any time and run again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--days",
            metavar="N",
            type=whole_number(most=MOST_DAYS),
            default=settings.REQUEST_LOG_DAYS,
            help="how many days to keep (default: REQUEST_LOG_DAYS, %(default)s)",
        )
        parser.add_argument(
            "--batch",
            metavar="N",
            type=whole_number(most=MOST_ROWS),
            default=5000,
            help="rows in a transaction (default: %(default)s)",
        )

    def handle(self, *, days: int, batch: int, **options: Any) -> None:
        before = timezone.now() - timedelta(days=days)
        self._keep_the_sums()
        total = 0
        for deleted in prune(before=before, batch=batch):
            total += deleted
            self.stdout.write(f"{total} deleted …")
            self.stdout.flush()
        self.stdout.write(f"Deleted {total} requests from before {before:%Y-%m-%d %H:%M} UTC.")
        answers = sum(idempotency.prune(before=timezone.now() - idempotency.KEPT_FOR, batch=batch))
        self.stdout.write(f"Deleted {answers} answers that were kept for a repeat.")

    def _keep_the_sums(self) -> None:
        now = timezone.now()
        for tenant in Tenant.objects.order_by("pk"):
            bring_up_to_date(tenant, now=now, budget_seconds=None)
