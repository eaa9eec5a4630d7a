"""Make a deal of a lead."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.utils.translation import gettext as _

from leads.actors import Actor
from leads.deals import open_deal
from leads.history import note
from leads.models import Deal, Lead, Stage
from leads.models.lead import LeadStatus
from leads.pipeline import first_stage
from leads.reading import Guard, locked_lead
from leads.telling import tell_of_leads
from salesos.errors import Clash
from salesos.retrying import DEADLOCK, retried


@dataclass(frozen=True, slots=True)
class Terms:
    """What the deal is to be. `name` defaults to the lead's, `stage` to the first one of the default pipeline."""

    name: str = ""
    value: Decimal = Decimal(0)
    stage: Stage | None = None
    expected_close_date: date | None = None


def why_not_convertible(lead: Lead) -> str | None:
    """Why `lead` can't become a deal; None when it can."""
    if lead.is_converted:
        return _("This lead is already a deal.")
    if lead.status == LeadStatus.UNQUALIFIED:
        return _("An unqualified lead can't become a deal. Change its status first.")
    return None


@retried(DEADLOCK)
@transaction.atomic
def convert_lead(lead: Lead, terms: Terms, *, by: Actor, at: datetime, guard: Guard = None) -> tuple[Lead, Deal]:
    """The lead, now converted, and its new deal, which belongs to the lead's owner. Raises `Clash`.

    Two at the same moment make one deal: the second waits for the row's lock, and finds the lead converted.
    """
    lead = locked_lead(lead, guard)
    reason = why_not_convertible(lead)
    if reason is not None:
        raise Clash("lead_converted" if lead.is_converted else "lead_unqualified", reason, field="status")
    at = at.replace(microsecond=0)
    before = lead.status
    lead.status, lead.updated_at, lead.version = LeadStatus.CONVERTED, at, lead.version + 1
    lead.save(update_fields=["status", "updated_at", "version"])
    deal = open_deal(
        name=terms.name or lead.name,
        value=terms.value,
        stage=terms.stage or first_stage(),
        owner=lead.owner,
        lead=lead,
        expected_close_date=terms.expected_close_date,
        by=by,
        at=at,
    )
    note(
        lead, "lead.converted", {"status": [before, lead.status], "deal_id": [None, str(deal.public_id)]}, by=by, at=at
    )
    tell_of_leads("lead.converted", [lead], at=at, deal_id=deal.public_id)
    return lead, deal
