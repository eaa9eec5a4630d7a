"""What other packages hear of leads and deals (`salesos.events`): what happened, and how things stand now.

| event | when | facts |
|---|---|---|
| `lead.created` | a lead was created | `source` |
| `lead.contacted`, `lead.qualified`, `lead.unqualified`, `lead.renewed` | it reached this status (`new` again) | |
| `lead.converted` | it became a deal | `deal_id` |
| `lead.assigned` | its owner changed, and nothing above happened | |
| `lead.deleted` | it is gone; its status is "" | |
| `deal.created` | a deal was made | `lead_id`, `value` |
| `deal.won`, `deal.lost`, `deal.reopened` | its stage's kind changed to won, lost, open | `lead_id`, `value` |
| `deal.assigned` | its owner changed, and nothing above happened | `lead_id`, `value` |

The subject is the public id of the lead or deal; `owner_id` and `status` (of a deal: open, won or lost) are those of
now. A subscriber that gives points for a state takes them back when the state of a later event is another one.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from leads.models import Deal, Lead
from leads.models.lead import LeadStatus
from salesos.events import Event, publish

REACHED = {
    LeadStatus.NEW: "lead.renewed",
    LeadStatus.CONTACTED: "lead.contacted",
    LeadStatus.QUALIFIED: "lead.qualified",
    LeadStatus.UNQUALIFIED: "lead.unqualified",
}
LEAD_EVENTS = ("lead.created", *REACHED.values(), "lead.converted", "lead.assigned", "lead.deleted")
DEAL_EVENTS = ("deal.created", "deal.won", "deal.lost", "deal.reopened", "deal.assigned")


def tell_of_leads(name: str, leads: Iterable[Lead], *, at: datetime, **facts: Any) -> None:
    publish(
        *(
            Event(
                name,
                subject_id=lead.public_id,
                at=at,
                owner_id=lead.owner_id,
                status="" if name == "lead.deleted" else lead.status,
                facts=facts,
            )
            for lead in leads
        )
    )


def tell_of_deal(name: str, deal: Deal, *, at: datetime) -> None:
    facts = {"lead_id": deal.lead.public_id if deal.lead else None, "value": deal.value}
    publish(Event(name, subject_id=deal.public_id, at=at, owner_id=deal.owner_id, status=deal.stage.kind, facts=facts))
