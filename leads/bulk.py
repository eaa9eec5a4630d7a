"""The same change to many leads: status, owner, tags. Each lead is changed as by itself, with its history and points.

A lead that can't be changed stays as it is, whole, and its reason is counted; the others go on.
"""

import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from leads.actors import Actor
from leads.changes import change_lead
from leads.models import Lead
from leads.models.lead import MOST_TAGS
from leads.reading import locked_lead
from salesos.errors import Refused
from salesos.models import Collaborator

CHANGED, SAME, GONE = "changed", "same", "gone"
"""What became of a lead; else it is the code of a refusal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkChange:
    """What is to change; what is left out stays. An owner of None with `sets_owner` takes the owner away."""

    status: str = ""
    sets_owner: bool = False
    owner: Collaborator | None = None
    added_tags: tuple[str, ...] = ()
    removed_tags: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.status or self.sets_owner or self.added_tags or self.removed_tags)

    def of(self, lead: Lead) -> dict[str, Any]:
        """The changes for one lead, as it is now. Raises `Refused`."""
        changes: dict[str, Any] = {}
        if self.status:
            changes["status"] = self.status
        if self.sets_owner:
            changes["owner"] = self.owner
        if self.added_tags or self.removed_tags:
            kept = [tag for tag in lead.tags if tag not in self.removed_tags]
            changes["tags"] = list(dict.fromkeys([*kept, *self.added_tags]))
            if len(changes["tags"]) > MOST_TAGS:
                message = _("A lead has at most %(most)d tags.") % {"most": MOST_TAGS}
                raise Refused("too_many_tags", message, field="tags")
        return changes


@dataclass(slots=True)
class Outcome:
    """What became of the leads: how many changed, stayed, were gone, and were refused by code; with some of these."""

    counts: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)
    """Code of a refusal → its words."""
    refused: list[tuple[uuid.UUID, str, str]] = field(default_factory=list)
    """(id, name, code) of the refused."""

    @property
    def refused_count(self) -> int:
        return sum(self.counts[code] for code in self.reasons)


def change_leads(ids: Iterable[uuid.UUID], change: BulkChange, *, by: Actor, at: datetime) -> Outcome:
    """Make `change` to the leads with these public ids, each in a transaction of its own, or a savepoint of the
    caller's. In the order of ids, so that two of these at once wait for each other instead of locking each other out.
    """
    outcome = Outcome()
    leads = {lead.public_id: lead for lead in Lead.objects.filter(public_id__in=list(ids))}
    for public_id in sorted(set(ids)):
        lead = leads.get(public_id)
        try:
            result = _change(lead, change, by=by, at=at) if lead else GONE
        except Refused as refused:
            result = refused.code
            outcome.reasons[result] = str(refused)
            outcome.refused.append((public_id, lead.name if lead else "", result))
        outcome.counts[result] += 1
    return outcome


@transaction.atomic
def _change(lead: Lead, change: BulkChange, *, by: Actor, at: datetime) -> str:
    try:
        lead = locked_lead(lead)
    except Lead.DoesNotExist:  # deleted since it was found
        return GONE
    changed = change_lead(lead, change.of(lead), by=by, at=at)
    return SAME if changed.version == lead.version else CHANGED
