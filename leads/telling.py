"""What other packages hear of leads and deals (`salesos.events`): what happened, and how things stand now.

| event | when | facts |
|---|---|---|
| `lead.created` | a lead was created | `source` |
| `lead.contacted`, `lead.qualified`, `lead.unqualified`, `lead.renewed` | it reached this status (`new` again) | |
| `lead.converted` | it became a deal | `deal_id` |
| `lead.assigned` | its owner changed, and nothing above happened | |
| `lead.merged` | it became part of another, and is gone; its status is "" | `into_id` |
| `lead.restored` | its merge is undone | `into_id` |
| `lead.deleted` | it is gone; its status is "" | |
| `deal.created` | a deal was made | `lead_id`, `value` |
| `deal.won`, `deal.lost`, `deal.reopened` | its stage's kind changed to won, lost, open | `lead_id`, `value` |
| `deal.assigned` | its owner changed, and nothing above happened | `lead_id`, `value` |

The subject is the public id of the lead or deal; `owner_id` and `status` (of a deal: open, won or lost) are those of
now. A subscriber that gives points for a state takes them back when the state of a later event is another one.
"""

import uuid
from collections.abc import Collection, Container, Iterable, Iterator
from datetime import datetime
from typing import Any, Protocol

from leads.models import Deal, Lead
from leads.models.lead import LeadStatus
from salesos.events import Event, publish

REACHED = {
    LeadStatus.NEW: "lead.renewed",
    LeadStatus.CONTACTED: "lead.contacted",
    LeadStatus.QUALIFIED: "lead.qualified",
    LeadStatus.UNQUALIFIED: "lead.unqualified",
}
LEAD_EVENTS = (
    "lead.created",
    *REACHED.values(),
    "lead.converted",
    "lead.assigned",
    "lead.merged",
    "lead.restored",
    "lead.deleted",
)
DEAL_EVENTS = ("deal.created", "deal.won", "deal.lost", "deal.reopened", "deal.assigned")


_GONE = frozenset({"lead.merged", "lead.deleted"})


def tell_of_leads(name: str, leads: Iterable[Lead], *, at: datetime, **facts: Any) -> None:
    publish(*(_event(name, lead, at, **facts) for lead in leads))


def tell_of_merge(name: str, lead: Lead, survivor: Lead, changed: Collection[str], *, at: datetime) -> None:
    """Of a lead that was merged or restored, and of its survivor where fields `changed` that others hear of."""
    events = [_event(name, lead, at, into_id=survivor.public_id)]
    if "status" in changed and survivor.is_converted:
        deal = survivor.deals.order_by("-id").first()
        events.append(_event("lead.converted", survivor, at, deal_id=deal.public_id if deal else None))
    else:
        events.extend(events_of_change(survivor, changed, at))
    publish(*events)


def events_of_creation(lead: "Told", at: datetime) -> Iterator[Event]:
    """What a new lead has to tell: two things when it begins further on."""
    yield _event("lead.created", lead, at, source=lead.source)
    if lead.status != LeadStatus.NEW:
        yield _event(REACHED[LeadStatus(lead.status)], lead, at)


def events_of_change(lead: "Told", fields: Container[str], at: datetime) -> Iterator[Event]:
    """What a lead has to tell whose `fields` were changed."""
    if "status" in fields:
        yield _event(REACHED[LeadStatus(lead.status)], lead, at)
    elif "owner" in fields:
        yield _event("lead.assigned", lead, at)


class Told(Protocol):
    """A lead, or a row of a file that became one."""

    public_id: uuid.UUID
    owner_id: int | None
    status: str
    source: str


def _event(name: str, lead: Told, at: datetime, **facts: Any) -> Event:
    status = "" if name in _GONE else lead.status
    return Event(name, subject_id=lead.public_id, at=at, owner_id=lead.owner_id, status=status, facts=facts)


def tell_of_deal(name: str, deal: Deal, *, at: datetime) -> None:
    facts = {"lead_id": deal.lead.public_id if deal.lead else None, "value": deal.value}
    publish(Event(name, subject_id=deal.public_id, at=at, owner_id=deal.owner_id, status=deal.stage.kind, facts=facts))
