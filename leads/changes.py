"""Create, change and delete leads. Each function is one transaction, which also keeps the history and tells others.

Input is well-formed (`leads.api.payload`, forms); what only the data can tell is refused here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from leads.actors import Actor
from leads.conflicts import EmailTaken
from leads.history import note
from leads.models import Lead, LeadMerge
from leads.models.lead import LeadStatus
from leads.owners import counted
from leads.reading import Guard, locked_lead
from leads.telling import events_of_change, events_of_creation, tell_of_leads
from salesos.database import run, text_array
from salesos.errors import Clash, Refused
from salesos.events import publish
from salesos.models import Collaborator
from salesos.retrying import DEADLOCK, UNIQUE_VIOLATION, retried, sqlstate
from salesos.tenancy import current_tenant

TEXTS = ("name", "email", "phone", "company", "position", "source")
CHANGEABLE = frozenset({*TEXTS, "status", "owner", "custom_fields", "tags"})
LARGEST_CUSTOM_FIELDS = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class NewLead:
    """A lead to be: texts trimmed and in bounds, tags without duplicates, any status but converted."""

    name: str
    email: str
    phone: str = ""
    company: str = ""
    position: str = ""
    source: str = ""
    status: str = LeadStatus.NEW
    owner: Collaborator | None = None
    custom_fields: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


class _Vanished(Exception):
    """The lead that had the e-mail is gone again."""


def create_lead(new: NewLead, *, by: Actor, at: datetime) -> Lead:
    """A new lead. Raises `EmailTaken`: the database's unique index decides, also between many at the same moment."""
    for _attempt in range(3):
        try:
            return _create(new, by=by, at=at.replace(microsecond=0))
        except _Vanished:
            continue
    raise Refused("busy", _("This e-mail is being written by others right now. Try again."), field="email")


@transaction.atomic
def _create(new: NewLead, *, by: Actor, at: datetime) -> Lead:
    refuse_large(new.custom_fields)
    lead = Lead(
        tenant=current_tenant(),
        public_id=uuid7(),
        **{name: getattr(new, name) for name in TEXTS},
        status=new.status,
        owner=new.owner,
        custom_fields=merged({}, new.custom_fields),
        tags=list(new.tags),
        created_at=at,
        updated_at=at,
    )
    made = run(_INSERT, _columns(lead))
    if not made:
        raise _taken(lead.email) or _Vanished
    ((lead.pk,),) = made
    lead._state.adding = False
    note(lead, "lead.created", {}, by=by, at=at)
    publish(*events_of_creation(lead, at))
    return lead


def _columns(lead: Lead) -> dict[str, Any]:
    return {
        "tenant_id": lead.tenant_id,
        "public_id": lead.public_id,
        **{name: getattr(lead, name) for name in TEXTS},
        "status": str(lead.status),
        "owner_id": lead.owner_id,
        "custom_fields": to_json(lead.custom_fields).decode(),
        "tags": text_array(lead.tags),
        "at": lead.created_at,
    }


_INSERT = """
INSERT INTO leads_lead (
    tenant_id, public_id, name, email, phone, company, position, source, status, owner_id, custom_fields, tags,
    created_at, updated_at, version
)
SELECT
    %(tenant_id)s, %(public_id)s, %(name)s, %(email)s, %(phone)s, %(company)s, %(position)s, %(source)s, %(status)s,
    %(owner_id)s, %(custom_fields)s::jsonb, %(tags)s::text[], %(at)s, %(at)s, 1
WHERE NOT EXISTS (
    SELECT FROM leads_leadmerge WHERE tenant_id = %(tenant_id)s AND lower(email) = lower(%(email)s::varchar)
)
ON CONFLICT (tenant_id, lower(email)) DO NOTHING
RETURNING id
"""


def _taken(email: str) -> EmailTaken | None:
    """That another lead has the e-mail, and which; None when nobody has it any more."""
    found = run(_HOLDER, {"tenant": current_tenant().pk, "email": email})
    return EmailTaken(found[0][0], after_merge=not found[0][1]) if found else None


# The lead that has it, or else the one that a lead with it was merged into.
_HOLDER = """
SELECT public_id, true FROM leads_lead WHERE tenant_id = %(tenant)s AND lower(email) = lower(%(email)s)
UNION ALL
SELECT lead.public_id, false
FROM leads_leadmerge AS merge
JOIN leads_lead AS lead ON lead.tenant_id = merge.tenant_id AND lead.id = merge.survivor_id
WHERE merge.tenant_id = %(tenant)s AND lower(merge.email) = lower(%(email)s)
ORDER BY 2 DESC
LIMIT 1
"""


@retried(UNIQUE_VIOLATION, DEADLOCK)
@transaction.atomic
def change_lead(lead: Lead, changes: Mapping[str, Any], *, by: Actor, at: datetime, guard: Guard = None) -> Lead:
    """The lead with `changes` (of `CHANGEABLE`, well-formed) made; what stays the same is no change.

    The keys of `custom_fields` are merged, one with None is removed; None in its place removes all. Raises
    `EmailTaken`, `Clash` for a converted lead that would go back, `Refused`.
    """
    unknown = set(changes) - CHANGEABLE
    if unknown:
        raise ValueError(f"Not changeable: {', '.join(sorted(unknown))}")
    lead = locked_lead(lead, guard)
    fresh = what_changes(lead, changes)
    if not fresh:
        return lead
    written = make_changes(lead, fresh, at=at.replace(microsecond=0))
    _save(lead, [*fresh, "updated_at", "version"])
    note(lead, "lead.updated", written, by=by, at=lead.updated_at)
    publish(*events_of_change(lead, fresh, lead.updated_at))
    return lead


def what_changes(lead: Lead, changes: Mapping[str, Any]) -> dict[str, Any]:
    """Those of `changes` that differ from what `lead` has, as it would have them. Raises `Clash` or `Refused`."""
    fresh = dict(changes)
    if "custom_fields" in fresh:
        sent = fresh["custom_fields"]
        fresh["custom_fields"] = {} if sent is None else merged(lead.custom_fields, sent)
        refuse_large(fresh["custom_fields"])
    fresh = {name: value for name, value in fresh.items() if not _is_same(name, getattr(lead, name), value)}
    if "status" in fresh:
        _check_status(lead, fresh["status"])
    return fresh


def make_changes(lead: Lead, fresh: Mapping[str, Any], *, at: datetime) -> dict[str, list[Any]]:
    """Put what `what_changes` said into `lead`, not yet saved. Returns it as the history keeps it."""
    written = as_written({name: getattr(lead, name) for name in fresh}, fresh)
    for name, value in fresh.items():
        setattr(lead, name, value)
    lead.updated_at, lead.version = at, lead.version + 1
    return written


_WRITTEN = {"owner": "owner_id"}


def as_written(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """What changed, as the history keeps it: field → [before, after]."""
    return {
        _WRITTEN.get(name, name): [written_as(name, was), written_as(name, after[name])] for name, was in before.items()
    }


def merged(kept: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, Any]:
    """Custom fields after a change: sent keys over kept ones, those that are None gone."""
    return {name: value for name, value in {**kept, **sent}.items() if value is not None}


def written_as(name: str, value: Any) -> Any:
    """A field's value as the history keeps it."""
    if name == "owner":
        return str(value.public_id) if value else None
    return value if isinstance(value, str | dict | list) else list(value)


def _is_same(name: str, was: Any, now: Any) -> bool:
    if name == "owner":
        # Written back as it was read: under the record that counts.
        return bool(was == now or counted(was) == now)
    if name == "custom_fields":
        # As JSON: to Python, 1 and true and 1.0 are the same.
        return json.dumps(was, sort_keys=True) == json.dumps(now, sort_keys=True)
    return bool(was == (list(now) if name == "tags" else now))


def _check_status(lead: Lead, status: str) -> None:
    if lead.is_converted and status != LeadStatus.CONVERTED:
        raise Clash("lead_converted", _("This lead is a deal; its status can't change any more."), field="status")
    if status == LeadStatus.CONVERTED and not lead.is_converted:
        raise Refused("not_by_hand", _("A lead becomes converted by its conversion alone."), field="status")


def _save(lead: Lead, fields: list[str]) -> None:
    if "email" not in fields:
        _update(lead, fields)
        return
    merge = LeadMerge.objects.annotate(folded=Lower("email")).filter(folded=lead.email.lower()).exclude(survivor=lead)
    led_to = merge.select_related("survivor").first()
    if led_to is not None:
        raise EmailTaken(led_to.survivor.public_id, after_merge=True)
    try:
        with transaction.atomic():
            _update(lead, fields)
    except IntegrityError as error:
        taken = _taken(lead.email) if sqlstate(error) == UNIQUE_VIOLATION else None
        if taken is None:
            raise
        raise taken from None


def _update(lead: Lead, fields: list[str]) -> None:
    names = ["owner_id" if name == "owner" else name for name in fields]
    written = _columns(lead) | {"id": lead.pk, "updated_at": lead.updated_at, "version": lead.version}
    assigned = ", ".join(f"{name} = %({name})s{_CASTS.get(name, '')}" for name in names)
    run(f"UPDATE leads_lead SET {assigned} WHERE tenant_id = %(tenant_id)s AND id = %(id)s", written)


_CASTS = {"custom_fields": "::jsonb", "tags": "::text[]"}


def refuse_large(custom_fields: Mapping[str, Any]) -> None:
    """Raise `Refused` for more custom fields than a lead may have."""
    if len(to_json(custom_fields)) > LARGEST_CUSTOM_FIELDS:
        raise Refused("too_large", _("Custom fields take at most 64 KiB as JSON."), field="custom_fields")


@retried(DEADLOCK)
@transaction.atomic
def delete_lead(lead: Lead, *, at: datetime, guard: Guard = None) -> None:
    """Delete for good: the lead and its history go, its deals stay without it."""
    lead = locked_lead(lead, guard)
    tell_of_leads("lead.deleted", [lead], at=at.replace(microsecond=0))
    lead.delete()
