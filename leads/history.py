"""What is written of each change: from what to what, when, by whom."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from leads.actors import Actor
from leads.models import Lead, LeadEvent


def note(lead: Lead, kind: str, changes: Mapping[str, Sequence[Any]], *, by: Actor, at: datetime) -> None:
    """Write to the lead's history, in the transaction of what happened. `changes`: field → [before, after]."""
    LeadEvent.objects.create(lead=lead, kind=kind, changes=dict(changes), at=at, **by.columns)
