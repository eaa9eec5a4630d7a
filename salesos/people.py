"""Keep the team as the CRM has it: create and update a batch of collaborators and their teams."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from django.db import transaction
from django.db.models import Q

from salesos.models import Collaborator, Team
from salesos.retrying import DEADLOCK, SERIALIZATION_FAILURE, UNIQUE_VIOLATION, retried

UPDATED_FIELDS = (
    "external_id", "email", "name", "phone", "document", "team", "role", "metadata", "updated_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SentPerson:
    """A collaborator as sent, well-formed: texts trimmed and in bounds, the e-mail in its normal form.

    `optional` holds what was sent of phone, document, role, metadata and `team` (a name); None clears a field, and a
    field that is absent stays as it is.
    """

    external_id: str
    email: str
    name: str
    optional: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Synced:
    """What became of one person: `created`, `existing` (updated), or `refused` with the reason."""

    outcome: Literal["created", "existing", "refused"]
    reason: str = ""


@retried(SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION)
@transaction.atomic
def sync_people(people: Sequence[SentPerson]) -> list[Synced]:
    """Create or update collaborators of the current tenant, matched by e-mail, else by external id, in the order sent.

    Whoever matches by external id alone has a new address. Nobody is reactivated. Returns an outcome for each person.
    """
    if not people:
        return []
    known = list(
        Collaborator.objects.filter(
            Q(email__in=[person.email for person in people])
            | Q(external_id__in=[person.external_id for person in people])
        )
        .order_by("pk")
        .select_for_update()
    )
    teams = _teams_named([person.optional["team"] for person in people if person.optional.get("team")])
    roster = _Roster(known, teams)
    outcomes = [roster.take(person) for person in people]
    # Updates first: they may free an address that a new person takes.
    Collaborator.objects.bulk_create(
        roster.changed.values(), update_conflicts=True, unique_fields=["id"], update_fields=UPDATED_FIELDS
    )
    Collaborator.objects.bulk_create(roster.new)
    return outcomes


class _Roster:
    """The people of a batch as they become, item by item; nothing is written here."""

    def __init__(self, known: list[Collaborator], teams: dict[str, Team]) -> None:
        self.by_email = {person.email: person for person in known}
        self.by_external_id = {person.external_id: person for person in known if person.external_id}
        self.teams = teams
        self.changed: dict[int, Collaborator] = {}
        self.new: list[Collaborator] = []

    def take(self, sent: SentPerson) -> Synced:
        holder = self.by_external_id.get(sent.external_id)
        person = self.by_email.get(sent.email) or holder
        if person is None:
            person = Collaborator(email=sent.email)
            self.new.append(person)
            outcome = Synced("created")
        elif holder is not None and holder is not person:
            return Synced("refused", "external_id belongs to another collaborator")
        else:
            outcome = Synced("existing")
            if person.pk:
                self.changed[person.pk] = person
        self._update(person, sent)
        return outcome

    def _update(self, person: Collaborator, sent: SentPerson) -> None:
        self.by_email.pop(person.email, None)
        self.by_external_id.pop(person.external_id or "", None)
        person.external_id, person.email, person.name = sent.external_id, sent.email, sent.name
        for name, value in sent.optional.items():
            if name == "team":
                person.team = self.teams[value.casefold()] if value else None
            else:
                setattr(person, name, value or ({} if name == "metadata" else ""))
        self.by_email[person.email] = self.by_external_id[sent.external_id] = person


def _teams_named(names: Sequence[str]) -> dict[str, Team]:
    """The tenant's teams by case-folded name, those of `names` that are new created."""
    if not names:
        return {}
    teams = {team.name.casefold(): team for team in Team.objects.all()}
    new = {name.casefold(): Team(name=name) for name in reversed(names) if name.casefold() not in teams}
    Team.objects.bulk_create(new[key] for key in sorted(new))
    return teams | new
