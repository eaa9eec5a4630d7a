"""What leads need done now and then (`salesos.upkeep`)."""

from collections.abc import Iterator
from datetime import datetime

from leads.merging import forget_old_merges
from salesos.models import Tenant
from salesos.tenancy import tenant_context


def old_merges(at: datetime) -> Iterator[int]:
    """What was kept of merged leads for an undo that is too late by now."""
    for tenant in Tenant.objects.order_by("pk"):
        with tenant_context(tenant):
            yield forget_old_merges(at)
