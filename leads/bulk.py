"""The same change to many leads: status, owner, tags. Each lead is changed as by itself, with its history and points.

A lead that can't be changed stays as it is, whole, and its reason is counted; the others go on.
"""

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise

from leads.actors import Actor
from leads.changes import change_lead
from leads.models import Lead
from leads.models.lead import MOST_TAGS, LeadStatus
from leads.reading import locked_lead
from salesos import audit
from salesos.errors import Refused
from salesos.models import Collaborator
from salesos.retrying import DEADLOCK, retried

CHANGED, SAME, GONE = "changed", "same", "gone"
"""What became of a lead; else it is the code of a refusal."""

REASONS: Mapping[str, StrPromise] = {
    "lead_converted": _("This lead is a deal; its status can't change any more."),
    "too_many_tags": _("It would have too many tags."),
}
"""Codes of refusals in words, for whoever reads them later and in another language."""


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

    def in_words(self) -> dict[str, str]:
        """What is to change → to what."""
        owner = (self.owner.name if self.owner else gettext("nobody")) if self.sets_owner else ""
        parts = {
            gettext("status"): str(LeadStatus(self.status).label) if self.status else "",
            gettext("owner"): owner,
            gettext("added tags"): ", ".join(self.added_tags),
            gettext("removed tags"): ", ".join(self.removed_tags),
        }
        return {name: text for name, text in parts.items() if text}

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
                raise Refused("too_many_tags", REASONS["too_many_tags"], field="tags")
        return changes


@dataclass(slots=True)
class Outcome:
    """What became of the leads: how many changed, stayed, were gone, and were refused by code."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[tuple[uuid.UUID, str, str]] = field(default_factory=list)
    """(id, name, code) of those that were refused."""

    @property
    def refused_count(self) -> int:
        return sum(count for code, count in self.counts.items() if code not in (CHANGED, SAME, GONE))


def reason_of(code: str) -> str:
    return str(REASONS.get(code, code))


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
            outcome.refused.append((public_id, lead.name if lead else "", result))
        outcome.counts[result] += 1
    return outcome


@retried(DEADLOCK)
@transaction.atomic
def _change(lead: Lead, change: BulkChange, *, by: Actor, at: datetime) -> str:
    try:
        lead = locked_lead(lead)
    except Lead.DoesNotExist:  # deleted since it was found
        return GONE
    changed = change_lead(lead, change.of(lead), by=by, at=at)
    return SAME if changed.version == lead.version else CHANGED


def in_words(outcome: Outcome) -> str:
    """How many changed, stayed, were gone or refused; what did not occur is not told."""
    counts, refused = outcome.counts, outcome.refused_count
    told = [
        ngettext("%d lead changed.", "%d leads changed.", counts[CHANGED]) % counts[CHANGED],
        ngettext("%d was so already.", "%d were so already.", counts[SAME]) % counts[SAME],
        ngettext("%d is not there any more.", "%d are not there any more.", counts[GONE]) % counts[GONE],
        ngettext("%d was refused.", "%d were refused.", refused) % refused,
    ]
    happened = [True, counts[SAME], counts[GONE], refused]
    return " ".join(words for words, has_happened in zip(told, happened, strict=True) if has_happened)


def note_editing(change: BulkChange, outcome: Outcome, *, shown: str = "") -> None:
    """In the audit trail: what was to change, of which list, and what became of it; each lead's history has its own."""
    counts, total = outcome.counts, sum(outcome.counts.values())
    told = {
        "filters": shown,
        "status": change.status,
        "owner": str(change.owner or "–") if change.sets_owner else "",
        "added_tags": ", ".join(change.added_tags),
        "removed_tags": ", ".join(change.removed_tags),
        **{name: str(count) for name, count in ((CHANGED, counts[CHANGED]), (SAME, counts[SAME])) if count},
        "refused": str(outcome.refused_count or ""),
    }
    changes = {name: ("", text) for name, text in told.items() if text}
    audit.record("leads.edited", ngettext("%d lead", "%d leads", total) % total, changes=changes)
