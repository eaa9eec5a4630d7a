"""The same change to all leads that a list finds, behind the request: those that it finds when it is asked for."""

import uuid
from collections.abc import Iterator
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from leads.actors import Actor
from leads.bulk import BulkChange, Outcome, change_leads, note_editing
from leads.listing import Wanted
from leads.owners import owner_of_id
from leads.whole_list import LeadIds, ids_of
from salesos import background
from salesos.errors import Refused
from salesos.models import BackgroundJob, BackgroundPart

EDITING = "leads.edit"
PART = 50
"""Leads that are changed in one transaction: what a writer of one of them may have to wait for."""
MOST_TOLD = 20
"""Of the refused of one part, so many are told by name."""
MOST_REFUSED = 100
"""And of all of them."""


@transaction.atomic
def start_editing(wanted: Wanted, change: BulkChange, *, shown: str) -> BackgroundJob:
    """A job that makes `change` to the leads that are `wanted` now, as the doing of whoever acts. `shown` says in words
    which they are. Raises `Refused` when there are none."""
    ids = ids_of(wanted)
    if not len(ids):
        raise Refused("no_leads", _("No lead matches these filters any more."))
    given = {
        "status": change.status,
        "sets_owner": change.sets_owner,
        "owner_id": str(change.owner.public_id) if change.owner else None,
        "added_tags": list(change.added_tags),
        "removed_tags": list(change.removed_tags),
        "shown": shown,
    }
    job = background.prepare(EDITING, input=given, total=len(ids), file=bytes(ids.packed))
    background.start(job)
    return job


def change_of(job: BackgroundJob) -> BulkChange:
    given = job.input
    return BulkChange(
        status=given["status"],
        sets_owner=given["sets_owner"],
        owner=owner_of_id(uuid.UUID(given["owner_id"])) if given["owner_id"] else None,
        added_tags=tuple(given["added_tags"]),
        removed_tags=tuple(given["removed_tags"]),
    )


def outcome_of(job: BackgroundJob) -> Outcome:
    """What became of the leads so far; of the refused not all are told by name."""
    outcome = Outcome()
    parts = BackgroundPart.objects.filter(job=job).order_by("number").values_list("counts", "result")
    for counts, result in parts.iterator():
        outcome.counts.update(counts)
        room = MOST_REFUSED - len(outcome.refused)
        outcome.refused += [(uuid.UUID(public_id), name, code) for public_id, name, code in result[:room]]
    return outcome


@background.work(EDITING)
class EditLeads(background.Work[list[uuid.UUID]]):
    def chunks(self, job: BackgroundJob) -> Iterator[list[uuid.UUID]]:
        ids = LeadIds(background.file_of(job))
        return (ids.piece(start, PART) for start in range(0, len(ids), PART))

    def do(self, job: BackgroundJob, chunk: list[uuid.UUID]) -> background.Part:
        by = Actor.of_user(job.by) if job.by else Actor.of_system(job.by_name)
        outcome = change_leads(chunk, change_of(job), by=by, at=timezone.now())
        told: list[Any] = [[str(public_id), name, code] for public_id, name, code in outcome.refused[:MOST_TOLD]]
        return background.Part(len(chunk), dict(outcome.counts), told)

    def ended(self, job: BackgroundJob) -> None:
        note_editing(change_of(job), outcome_of(job), shown=job.input["shown"])
