"""Leads that are likely the same person: the same address behind the address, phone number, or name and company.

Each of the three is a key that the database has in an index (migration 0004): the duplicates of a lead are look-ups,
and groups are found by walking an index alone, from where the page before ended. What is empty matches nothing.

**Phones** are compared from behind: the last eight digits are the key, and what stands before them in both must agree,
so that 98765-4321, (011) 98765-4321 and +55 11 98765-4321 are one number, and the same digits of another area are not.
**Addresses** are the same with or without what follows a plus, and at Gmail also without its dots.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import F, Func, TextField
from django.db.models.functions import Coalesce, Lower

from leads.actors import Actor
from leads.duplicate_keys import (
    CANDIDATES,
    MOST_IN_A_GROUP,
    Candidate,
    Cursor,
    Reason,
    candidates_after,
    ids_like,
    members_of,
)
from leads.models import Lead, LeadsApart
from leads.phones import is_number, same_numbers
from salesos import audit
from salesos.retrying import DEADLOCK, retried

MOST_ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Group:
    """Leads that are likely the same, oldest first; no leads at all where they are too many to be."""

    reasons: Sequence[Reason]
    leads: Sequence[Lead]
    count: int
    shared: str
    """What they have in common, as one of them has it."""


class Groups(NamedTuple):
    groups: list[Group]
    next: Cursor | None
    """Where to go on; None at the end."""


def duplicates_of(lead: Lead) -> list[tuple[Lead, list[Reason]]]:
    """The leads that are likely the same as `lead`, with the reasons, oldest first. Three statements."""
    found = ids_like(lead)
    by_reason = {reason: {other_id for each, other_id in found if each == reason} for reason in Reason}
    ids = {other_id for others in by_reason.values() if len(others) <= MOST_IN_A_GROUP for other_id in others}
    if not ids:
        return []
    leads = _leads({lead.pk, *ids})
    mine, apart = leads.pop(lead.pk, lead), _apart([lead.pk, *ids])
    pairs = [(other, _reasons([mine, other])) for other in leads.values() if {lead.pk, other.pk} not in apart]
    return [(other, reasons) for other, reasons in pairs if reasons]


def page_of_groups(after: Cursor | None = None, *, size: int = 10) -> Groups:
    """The next groups: those of one address first, then of one phone number, then of one name and company.

    Three statements, more only where many keys in a row turn out to be no group: then the page may be short, and yet
    not the last.
    """
    groups: list[Group] = []
    for _round in range(MOST_ROUNDS):
        candidates = candidates_after(after)
        is_last = len(candidates) <= CANDIDATES
        for candidate, found in _groups(candidates[:CANDIDATES]):
            if len(groups) >= size:
                return Groups(_once(groups), after)
            groups += found
            after = candidate.at
        if is_last:
            return Groups(_once(groups), None)
    return Groups(_once(groups), after)


@retried(DEADLOCK)
@transaction.atomic
def keep_apart(lead: Lead, others: Iterable[Lead], *, by: Actor, at: datetime) -> None:
    """Never again take `lead` and any of `others` for the same."""
    others = sorted((other for other in others if other.pk != lead.pk), key=lambda other: other.pk)
    # Locked as whoever changes or deletes leads locks them.
    ids = [lead.pk, *(other.pk for other in others)]
    there = set(Lead.objects.filter(pk__in=ids).order_by("pk").select_for_update().values_list("pk", flat=True))
    pairs = [sorted((lead.pk, other.pk)) for other in others if {lead.pk, other.pk} <= there]
    if not pairs:
        return
    LeadsApart.objects.bulk_create(
        [LeadsApart(one_id=one, other_id=other, at=at, **by.columns) for one, other in pairs], ignore_conflicts=True
    )
    audit.record("lead.kept_apart", lead, changes={"others": ("", [other.name for other in others])})


def _once(groups: list[Group]) -> list[Group]:
    """Of groups of the same leads the first alone: it tells all reasons."""
    seen: set[frozenset[int]] = set()
    kept = []
    for group in groups:
        ids = frozenset(lead.pk for lead in group.leads)
        if not ids or ids not in seen:
            kept.append(group)
        seen.add(ids)
    return kept


def _groups(candidates: Sequence[Candidate]) -> Iterator[tuple[Candidate, list[Group]]]:
    members = members_of(candidates)
    leads = _leads({lead_id for ids in members.values() for lead_id in ids})
    apart = _apart(leads)
    for candidate in candidates:
        # One may have changed since it was found.
        found = [leads[lead_id] for lead_id in sorted(members.get(candidate.at, ())) if lead_id in leads]
        groups = []
        for same in _same(candidate.at.reason, found):
            if candidate.count > MOST_IN_A_GROUP:
                groups.append(Group([candidate.at.reason], (), candidate.count, _shared(candidate.at.reason, same[0])))
                break
            meant = [one for one in same if any({one.pk, two.pk} not in apart for two in same if two is not one)]
            if meant:
                oldest_first = sorted(meant, key=lambda lead: (lead.created_at, lead.pk))
                shared = _shared(candidate.at.reason, oldest_first[0])
                groups.append(Group(_reasons(meant), oldest_first, len(meant), shared))
        yield candidate, groups


def _same(reason: Reason, leads: Sequence[Any]) -> list[list[Lead]]:
    """Leads of one key, parted where they are not the same after all."""
    if reason == Reason.PHONE:
        parts = same_numbers({lead: lead.digits for lead in leads if is_number(lead.digits)})
    else:
        by_value: dict[Any, list[Lead]] = {}
        for lead in leads:
            if reason == Reason.EMAIL:
                by_value.setdefault(lead.plain, []).append(lead)
            elif lead.folded_company:
                by_value.setdefault((lead.folded_name, lead.folded_company), []).append(lead)
        parts = list(by_value.values())
    return [part for part in parts if len(part) > 1]


def _reasons(leads: Sequence[Any]) -> list[Reason]:
    """All that says that these are one person."""
    return [reason for reason in Reason if any(len(part) == len(leads) for part in _same(reason, leads) if part)]


def _shared(reason: Reason, lead: Any) -> str:
    return {Reason.EMAIL: lead.plain, Reason.PHONE: lead.phone, Reason.NAME: f"{lead.name} · {lead.company}"}[reason]


def _leads(ids: Collection[int]) -> dict[int, Any]:
    """With what they are compared by."""
    rows = Lead.objects.filter(pk__in=ids).select_related("owner__merged_into").order_by("created_at", "pk")
    return {
        lead.pk: lead
        for lead in rows.annotate(
            plain=Coalesce(
                Func(F("email"), function="leads_plain_email", output_field=TextField()),
                Lower("email"),
                output_field=TextField(),
            ),
            digits=Func(F("phone"), function="leads_digits", output_field=TextField()),
            folded_name=Func(F("name"), function="leads_fold", output_field=TextField()),
            folded_company=Func(F("company"), function="leads_fold", output_field=TextField()),
        )
    }


def _apart(ids: Iterable[int]) -> set[frozenset[int]]:
    """The pairs among these that somebody said are not the same."""
    ids = list(ids)
    pairs = LeadsApart.objects.filter(one__in=ids, other__in=ids)
    return {frozenset(pair) for pair in pairs.values_list("one_id", "other_id")}
