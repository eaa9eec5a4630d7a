"""Leads as rows of a list: with the names of owners and teams, and words for what has a code."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from leads.listing import LeadRow
from leads.models.lead import LeadStatus
from salesos.models import Collaborator
from salesos.moments import shown_moment

MOST_TAGS_SHOWN = 3

KINDS = {LeadStatus.QUALIFIED: "good", LeadStatus.CONVERTED: "good", LeadStatus.UNQUALIFIED: "bad"}


@dataclass(frozen=True, slots=True)
class ShownLead:
    lead: LeadRow
    status: str
    kind: str
    """Of the status: good, bad or neither."""
    owner: str
    owner_pk: int | None
    team: str
    created_at: str
    updated_at: str

    @property
    def tags(self) -> list[str]:
        return self.lead.tags[:MOST_TAGS_SHOWN]

    @property
    def hidden_tags(self) -> list[str]:
        return self.lead.tags[MOST_TAGS_SHOWN:]


def shown_leads(rows: Sequence[LeadRow]) -> list[ShownLead]:
    """The rows of a page. One statement more, where any has an owner."""
    owners = owners_by_id(row.owner_id for row in rows)
    return [_shown(row, owners.get(row.owner_id)) for row in rows]


def owners_by_id(ids: Iterable[Any]) -> dict[Any, Collaborator]:
    """The collaborators with these public ids, with their teams."""
    wanted = {public_id for public_id in ids if public_id}
    if not wanted:
        return {}
    found = Collaborator.objects.filter(public_id__in=wanted).select_related("team")
    return {person.public_id: person for person in found}


def _shown(row: LeadRow, owner: Collaborator | None) -> ShownLead:
    return ShownLead(
        row,
        status=str(LeadStatus(row.status).label),
        kind=KINDS.get(LeadStatus(row.status), ""),
        owner=owner.name if owner else "",
        owner_pk=owner.pk if owner else None,
        team=owner.team.name if owner and owner.team else "",
        created_at=shown_moment(row.created_at),
        updated_at=shown_moment(row.updated_at),
    )
