"""How leads, deals and stages look in answers."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from leads.listing import LeadRow
from leads.models import Deal, DealStageChange, Lead, LeadEvent, Stage
from leads.models.history import Acted
from leads.owners import counted
from salesos.api.moments import utc_text

MOST_HISTORY = 1000
"""So many entries of a history are shown, the newest ones."""


def lead_json(lead: LeadRow) -> dict[str, Any]:
    return {
        "id": str(lead.id),
        "name": lead.name,
        "email": lead.email,
        "phone": lead.phone or None,
        "company": lead.company or None,
        "position": lead.position or None,
        "source": lead.source or None,
        "status": lead.status,
        "owner_id": str(lead.owner_id) if lead.owner_id else None,
        "team_id": str(lead.team_id) if lead.team_id else None,
        "custom_fields": lead.custom_fields,
        "tags": lead.tags,
        "created_at": utc_text(lead.created_at),
        "updated_at": utc_text(lead.updated_at),
    }


def whole_lead(lead: Lead) -> dict[str, Any]:
    """A lead with its history, newest first. Two queries."""
    events = LeadEvent.objects.filter(lead=lead).order_by("-id")[:MOST_HISTORY]
    return {**lead_json(LeadRow.of(lead)), "activity_history": [event_json(event) for event in events]}


def event_json(event: LeadEvent) -> dict[str, Any]:
    return {
        "type": event.kind,
        "at": utc_text(event.at),
        "by": actor_json(event),
        "changes": {name: {"from": was, "to": now} for name, (was, now) in event.changes.items()},
    }


def actor_json(row: Acted) -> dict[str, Any]:
    return {"type": row.actor_kind, "id": row.actor_id or None, "name": row.actor_name}


def stage_json(stage: Stage) -> dict[str, Any]:
    return {
        "id": str(stage.public_id),
        "pipeline_id": str(stage.pipeline.public_id),
        "name": stage.name,
        "position": stage.position,
        "kind": stage.kind,
        "win_probability": stage.win_probability,
    }


def deal_json(deal: Deal) -> dict[str, Any]:
    """Read with `stage__pipeline`, `lead`, `owner__team` and `owner__merged_into__team`, it asks for nothing more."""
    owner = counted(deal.owner)
    return {
        "id": str(deal.public_id),
        "name": deal.name,
        "value": number(deal.value),
        "status": deal.stage.kind,
        "pipeline_id": str(deal.stage.pipeline.public_id),
        "stage_id": str(deal.stage.public_id),
        "lead_id": str(deal.lead.public_id) if deal.lead else None,
        "owner_id": str(owner.public_id) if owner else None,
        "team_id": str(owner.team.public_id) if owner and owner.team else None,
        "expected_close_date": deal.expected_close_date.isoformat() if deal.expected_close_date else None,
        "close_reason": deal.close_reason or None,
        "closed_at": utc_text(deal.closed_at) if deal.closed_at else None,
        "created_at": utc_text(deal.created_at),
        "updated_at": utc_text(deal.updated_at),
    }


def whole_deal(deal: Deal) -> dict[str, Any]:
    """A deal with the stages it went through, newest first. One query more."""
    changes = DealStageChange.objects.filter(deal=deal).select_related("from_stage", "to_stage").order_by("-id")
    return {**deal_json(deal), "stage_history": stage_history(changes[:MOST_HISTORY])}


def stage_history(changes: Iterable[DealStageChange]) -> list[dict[str, Any]]:
    return [
        {
            "at": utc_text(change.at),
            "by": actor_json(change),
            "from_stage_id": str(change.from_stage.public_id) if change.from_stage else None,
            "to_stage_id": str(change.to_stage.public_id),
        }
        for change in changes
    ]


def number(value: Decimal) -> int | float:
    """Money as a JSON number: a whole one without a fraction. Fourteen digits are exact in a double."""
    return int(value) if value == value.to_integral_value() else float(value)
