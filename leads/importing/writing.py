"""What becomes of a chunk of rows: looked at beforehand, or done in one transaction and a few statements.

The rules are those of `leads.changes`; only the statements are others, which write a thousand leads at once.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from uuid_utils.compat import uuid7

from leads import fields
from leads.actors import Actor
from leads.changes import make_changes, what_changes
from leads.importing import statements
from leads.importing.reading import Row
from leads.models import Lead, LeadMerge
from leads.models.lead import LeadStatus
from leads.owners import counted
from leads.telling import events_of_change, events_of_creation
from salesos.errors import Refused
from salesos.events import Event, publish
from salesos.models import Collaborator


def examine(rows: Sequence[Row], *, updates: bool) -> None:
    """Say of each row what `write` would make of it; nothing is written. At most three statements."""
    _find_owners(rows)
    if not updates:
        for row in rows:
            _check_new(row)
    open_rows = _not_merged(_open(rows))
    known = _leads_of(open_rows, Lead.objects.all()) if updates else dict.fromkeys(_emails_of(open_rows))
    for row in open_rows:
        lead = known.get(row.key)
        if row.key not in known:
            _check_new(row)
            row.outcome = "error" if row.faults else "new"
        elif lead is None:
            row.outcome = "exists"
        else:
            fresh = _what_changes(row, lead)
            if not row.faults:
                row.changes = make_changes(lead, fresh, at=lead.updated_at) if fresh else {}
                row.outcome = "changed" if fresh else "same"


def write(rows: Sequence[Row], *, updates: bool, by: Actor, at: datetime) -> None:
    """Create the leads of these rows, with `updates` change those that are there, in the caller's transaction, with
    their history and their events; say of each row what became of it.

    Between several that write the same e-mail the database decides; nobody's chunk breaks. At most eleven statements,
    and those of the subscribers.
    """
    at = at.replace(microsecond=0)
    _find_owners(rows)
    if not updates:
        for row in rows:
            _check_new(row)
    # In the order in which every import takes e-mails, so that two of them never wait for each other.
    waiting = sorted(_not_merged(_open(rows)), key=lambda row: row.key)
    created, changed = _update_or_create(waiting, by, at) if updates else (_create(waiting, by, at), [])
    statements.keep_the_plans_good()
    publish(*_events(created, changed, at))


@dataclass(slots=True, eq=False)
class _Created:
    row: Row
    public_id: uuid.UUID
    owner_id: int | None
    status: str
    source: str


@dataclass(frozen=True, slots=True, eq=False)
class _Changed:
    lead: Lead
    fresh: Mapping[str, Any]


def _open(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if not row.faults]


def _not_merged(rows: Sequence[Row]) -> Sequence[Row]:
    """Without those whose e-mail leads to another lead since a merge. They exist, and are left as they are: what the
    file says is of the lead that is no more."""
    emails = [row.key for row in rows]
    merges = LeadMerge.objects.annotate(key=Lower("email")).filter(key__in=emails).values_list("key", flat=True)
    led_on = set(merges)
    for row in rows:
        if row.key in led_on:
            row.outcome = "exists"
    return [row for row in rows if row.key not in led_on] if led_on else rows


def _find_owners(rows: Sequence[Row]) -> None:
    """Put the collaborator in the place of the owner's e-mail."""
    named = [row for row in rows if isinstance(row.values.get("owner"), str)]
    if not named:
        return
    emails = {row.values["owner"].lower() for row in named}
    found = Collaborator.objects.filter(email__in=emails).select_related("merged_into")
    people = {person.email: counted(person) for person in found}
    for row in named:
        row.values["owner"] = person = people.get(row.values["owner"].lower())
        if person is None:
            row.refuse("owner", _("There is no collaborator with this e-mail"))


def _check_new(row: Row) -> None:
    """Refuse what a new lead can't do without, or be."""
    if row.faults:
        return
    for name, reader in (("name", fields.required_text), ("status", fields.first_status)):
        try:
            reader(row.values.get(name, LeadStatus.NEW.value if name == "status" else ""))
        except ValueError as error:
            row.refuse(name, str(error))


def _emails_of(rows: Sequence[Row]) -> QuerySet[Any]:
    """Those of the rows' e-mails that leads have already."""
    return (
        Lead.objects.annotate(key=Lower("email"))
        .filter(key__in=[row.key for row in rows])
        .values_list("key", flat=True)
    )


def _leads_of(rows: Sequence[Row], leads: QuerySet[Lead]) -> dict[str, Lead]:
    """By what they are found by."""
    found = leads.annotate(key=Lower("email")).filter(key__in=[row.key for row in rows])
    return {lead.key: lead for lead in found.select_related("owner__merged_into").order_by("pk")}


def _what_changes(row: Row, lead: Lead) -> Mapping[str, Any]:
    """Of a lead that is found by its e-mail, which is no change itself, however it is written."""
    try:
        return what_changes(lead, {name: value for name, value in row.values.items() if name != "email"})
    except Refused as refused:
        row.refuse(refused.field or "", str(refused))
        return {}


def _update_or_create(waiting: list[Row], by: Actor, at: datetime) -> tuple[list[_Created], list[_Changed]]:
    created: list[_Created] = []
    changed: list[_Changed] = []
    for _attempt in range(3):
        if not waiting:
            break
        # In the order of their ids, as whoever locks several.
        known = _leads_of(waiting, Lead.objects.select_for_update(of=("self",)))
        changed += _change([(row, known[row.key]) for row in waiting if row.key in known], by, at)
        fresh = [row for row in waiting if row.key not in known]
        for row in fresh:
            _check_new(row)
        created += _create(_open(fresh), by, at)
        # Whose e-mail somebody else has taken at this moment.
        waiting = [row for row in _open(fresh) if row.outcome != "new"]
    for row in waiting:
        row.refuse("email", _("This e-mail is being written by others right now. Try again."))
    return created, changed


def _create(rows: Sequence[Row], by: Actor, at: datetime) -> list[_Created]:
    """The leads of those rows whose e-mail nobody had."""
    if not rows:
        return []
    # Rising with the lines: leads of one import lie in the order of its file.
    ids = dict(zip(sorted(row.line for row in rows), (uuid7() for _row in rows), strict=True))
    created = [
        _Created(
            row,
            ids[row.line],
            row.values["owner"].pk if "owner" in row.values else None,
            row.values.get("status", LeadStatus.NEW.value),
            row.values.get("source", ""),
        )
        for row in rows
    ]
    new = statements.insert([(each.row.values, each.public_id, each.owner_id, each.status) for each in created], by, at)
    made = created if len(new) == len(created) else [each for each in created if each.public_id in new]
    for row in rows:
        row.outcome = "exists"
    for each in made:
        each.row.outcome = "new"
    return made


def _change(found: Sequence[tuple[Row, Lead]], by: Actor, at: datetime) -> list[_Changed]:
    changed = []
    for row, lead in found:
        fresh = _what_changes(row, lead)
        if fresh:
            row.changes = make_changes(lead, fresh, at=at)
            changed.append(_Changed(lead, fresh))
        if not row.faults:
            row.outcome = "changed" if fresh else "same"
    if changed:
        histories = [row.changes for row, _lead in found if row.outcome == "changed"]
        statements.update([each.lead for each in changed], histories, by, at)
    return changed


def _events(created: Sequence[_Created], changed: Sequence[_Changed], at: datetime) -> list[Event]:
    return [
        *chain.from_iterable(events_of_creation(each, at) for each in created),
        *chain.from_iterable(events_of_change(each.lead, each.fresh, at) for each in changed),
    ]
