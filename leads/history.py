"""What is written of each change: from what to what, when, by whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from leads.actors import Actor
from leads.models import Lead
from salesos.database import run


def note(lead: Lead, kind: str, changes: Mapping[str, Sequence[Any]], *, by: Actor, at: datetime) -> int:
    """Write to the lead's history, in the transaction of what happened, and return the entry's id. `changes`: field →
    [before, after]."""
    row = {
        "tenant_id": lead.tenant_id,
        "lead_id": lead.pk,
        "kind": kind,
        "changes": to_json(dict(changes)).decode(),
        "at": at,
        **by.columns,
    }
    event_id: int = run(_INSERT, row)[0][0]
    return event_id


_INSERT = """
INSERT INTO leads_leadevent (tenant_id, at, actor_kind, actor_id, actor_name, lead_id, kind, changes)
VALUES (
    %(tenant_id)s, %(at)s, %(actor_kind)s, %(actor_id)s, %(actor_name)s, %(lead_id)s, %(kind)s, %(changes)s::jsonb
)
RETURNING id
"""
