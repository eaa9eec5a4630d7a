"""`manage.py check_lead_totals`: do the totals of the lists of leads add up?"""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads.counted_searches import forget, wrong_totals
from leads.tally import differences, rebuild
from salesos.management.tenant_argument import add_tenant_argument, tenant_named
from salesos.models import Tenant
from salesos.tenancy import tenant_context

MOST_LINES = 1000


class Command(BaseCommand):
    help = (
        "Count all leads and compare with the tally that lists take their totals from. Prints a line for each total "
        "that is wrong and ends with status 1; with --repair puts them right and ends with 0. Safe while writes go on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_tenant_argument(parser, required=False, help="check one tenant only (default: all)")
        parser.add_argument("--repair", action="store_true", help="put the totals right")

    def handle(self, *, tenant: str | None, repair: bool, **options: Any) -> None:
        tenants = [tenant_named(tenant)] if tenant else list(Tenant.objects.order_by("pk"))
        wrong = [each.slug for each in tenants if self._is_wrong(each, repair)]
        if wrong and not repair:
            raise CommandError(f"Totals differ from the leads in {', '.join(wrong)}; --repair puts them right.")
        self.stdout.write(f"Checked {len(tenants)} {'tenant' if len(tenants) == 1 else 'tenants'}: totals are right.")

    def _is_wrong(self, tenant: Tenant, repair: bool) -> bool:
        with tenant_context(tenant):
            found, searches = differences(limit=MOST_LINES), wrong_totals()
            for difference in (*found, *searches):
                self.stdout.write(f"{tenant.slug}: {difference}")
            if (found or searches) and repair:
                count = rebuild() + len(searches)
                forget(searches)
                self.stdout.write(f"{tenant.slug}: {count} {'total' if count == 1 else 'totals'} put right")
        return bool(found or searches)
