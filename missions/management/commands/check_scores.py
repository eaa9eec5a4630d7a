"""`manage.py check_scores`: are the scores the sums of activities and adjustments?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from missions.consistency import differences, rebuild
from salesos.management.tenant_argument import add_tenant_argument, tenant_named
from salesos.models import Tenant
from salesos.tenancy import tenant_context

MOST_LINES = 1000
"""A tenant whose scores are all wrong is told in fewer lines than it has scores."""


class Command(BaseCommand):
    help = (
        "Recompute the scores from the evidence (activities and adjustments) and compare. Prints a line for each score "
        "that is wrong and ends with status 1; with --repair puts them right and ends with 0. Safe while syncs go on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser, required=False, help="check one tenant only (default: all)")
        parser.add_argument("--repair", action="store_true", help="put the scores right")

    def handle(self, *, tenant: str | None, repair: bool, **options: Any) -> None:
        tenants = [tenant_named(tenant)] if tenant else list(Tenant.objects.order_by("pk"))
        wrong = [each.slug for each in tenants if self._is_wrong(each, repair)]
        if wrong and not repair:
            raise CommandError(f"Scores differ from the evidence in {', '.join(wrong)}; --repair puts them right.")
        self.stdout.write(f"Checked {len(tenants)} {'tenant' if len(tenants) == 1 else 'tenants'}: scores are right.")

    def _is_wrong(self, tenant: Tenant, repair: bool) -> bool:
        with tenant_context(tenant):
            found = differences(limit=MOST_LINES)
            for difference in found:
                self.stdout.write(f"{tenant.slug}: {difference}")
            if found and repair:
                count = rebuild()
                self.stdout.write(f"{tenant.slug}: {count} {'score' if count == 1 else 'scores'} put right")
        return bool(found)
