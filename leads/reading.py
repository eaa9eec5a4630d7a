"""Take a row to change it: locked, and as the caller believes it to be."""

from collections.abc import Callable

from leads.models import Deal, Lead

Guard = Callable[[int], None] | None
"""Called with the version of the row once it is locked; raises where the caller meant another one."""


def locked_lead(lead: Lead, guard: Guard = None) -> Lead:
    """`lead` as it is now, locked until the transaction ends. Raises `Lead.DoesNotExist` once it is gone."""
    rows = Lead.objects.select_related("owner__team", "owner__merged_into__team")
    row: Lead = rows.select_for_update(of=("self",)).get(pk=lead.pk)
    if guard is not None:
        guard(row.version)
    return row


def locked_deal(deal: Deal, guard: Guard = None) -> Deal:
    """As `locked_lead`."""
    rows = Deal.objects.select_related("owner__team", "owner__merged_into__team", "stage__pipeline", "lead")
    row: Deal = rows.select_for_update(of=("self",)).get(pk=deal.pk)
    if guard is not None:
        guard(row.version)
    return row
