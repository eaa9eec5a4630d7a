"""The people of a tenant as the CRM has them: create and update a batch, with their teams; let them count or not."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from pydantic import StringConstraints
from pydantic_core import to_json
from uuid_utils.compat import uuid7

from salesos import audit
from salesos.database import array, run, text_array
from salesos.emails import EMAIL_PATTERN
from salesos.models import Collaborator
from salesos.planner import MANY, tell_planner
from salesos.retrying import DEADLOCK, FOREIGN_KEY_VIOLATION, SERIALIZATION_FAILURE, UNIQUE_VIOLATION, retried
from salesos.tenancy import current_tenant

Email = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True, to_lower=True, max_length=254, pattern=EMAIL_PATTERN)
]
"""What the API and the import of a file take for an e-mail address, in its normal form."""

REQUIRED_TEXTS = {"external_id": 255, "name": 255}
OPTIONAL_TEXTS = {"phone": 255, "document": 20, "team": 100, "role": 50}
"""A person's texts, and how long each may be."""


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


# A team that is deleted meanwhile is made anew by the second attempt.
@retried(SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION)
@transaction.atomic
def sync_people(people: Sequence[SentPerson]) -> list[Synced]:
    """Create or update collaborators of the current tenant, matched by e-mail, else by external id, in the order sent.

    Whoever matches by external id alone has a new address. Nobody is reactivated. A record that was merged into another
    is updated as any and stays merged. Returns an outcome for each person.
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
    teams = teams_named([person.optional["team"] for person in people if person.optional.get("team")])
    roster = _Roster(known, teams)
    outcomes = [roster.take(person) for person in people]
    write_people([*roster.changed.values(), *roster.new])
    return outcomes


@transaction.atomic
def set_active(people: QuerySet[Collaborator], *, active: bool) -> int:
    """Let people count from now on, or no more; return how many that changes. What they have stays theirs."""
    changed = list(people.order_by("pk").filter(is_active=not active).select_for_update(no_key=True, of=("self",)))
    Collaborator.objects.filter(pk__in=[person.pk for person in changed]).update(
        is_active=active, updated_at=timezone.now()
    )
    action = "collaborator.activated" if active else "collaborator.deactivated"
    audit.record_many((action, person, {}) for person in changed)
    return len(changed)


class _Roster:
    """The people of a batch as they become, item by item; nothing is written here."""

    def __init__(self, known: list[Collaborator], teams: dict[str, int]) -> None:
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
        elif holder is not None and holder is not person and not _are_one(holder, person):
            return Synced("refused", "external_id belongs to another collaborator")
        else:
            outcome = Synced("existing")
            if person.pk:
                self.changed[person.pk] = person
        # Of two records of one person each keeps its own id: either finds the person.
        self._update(person, sent, person.external_id if holder not in (None, person) else sent.external_id)
        return outcome

    def _update(self, person: Collaborator, sent: SentPerson, external_id: str | None) -> None:
        self.by_email.pop(person.email, None)
        self.by_external_id.pop(person.external_id or "", None)
        person.external_id, person.email, person.name = external_id, sent.email, sent.name
        for name, value in sent.optional.items():
            if name == "team":
                person.team_id = self.teams[value] if value else None
            else:
                setattr(person, name, value or ({} if name == "metadata" else ""))
        self.by_email[person.email] = person
        if external_id:
            self.by_external_id[external_id] = person


def _are_one(one: Collaborator, other: Collaborator) -> bool:
    """Whether two records were merged into one person."""
    survivor_id = one.merged_into_id or one.pk
    return survivor_id is not None and survivor_id == (other.merged_into_id or other.pk)


def write_people(people: Sequence[Collaborator]) -> None:
    """Update whoever has an id and create all others, at once: one may take the address that another gives up."""
    if not people:
        return
    texts = {name: text_array(getattr(person, name) or "" for person in people) for name in TEXT_FIELDS}
    run(
        _WRITE,
        {
            "tenant": current_tenant().pk,
            "id": array(person.pk for person in people),
            "public_id": array(person.public_id for person in people),
            "team_id": array(person.team_id for person in people),
            "metadata": text_array(to_json(person.metadata).decode() for person in people),
            **texts,
        },
    )
    if sum(person.pk is None for person in people) >= MANY:
        # Boards join people with their sums.
        tell_planner("salesos_collaborator")


TEXT_FIELDS = ("external_id", "email", "name", "phone", "document", "role")

_WRITE = """
INSERT INTO salesos_collaborator (
    id, tenant_id, public_id, team_id, external_id, email, name, phone, document, role, metadata,
    is_active, created_at, updated_at
)
SELECT coalesce(id, nextval(pg_get_serial_sequence('salesos_collaborator', 'id'))), %(tenant)s,
    public_id, team_id, nullif(external_id, ''), email, name, phone, document, role, metadata,
    true, clock_timestamp(), clock_timestamp()
FROM unnest(
    %(id)s::bigint[], %(public_id)s::uuid[], %(team_id)s::bigint[], %(external_id)s::text[], %(email)s::text[],
    %(name)s::text[], %(phone)s::text[], %(document)s::text[], %(role)s::text[], %(metadata)s::jsonb[]
) AS sent (id, public_id, team_id, external_id, email, name, phone, document, role, metadata)
ON CONFLICT (id) DO UPDATE
SET team_id = excluded.team_id, external_id = excluded.external_id, email = excluded.email, name = excluded.name,
    phone = excluded.phone, document = excluded.document, role = excluded.role, metadata = excluded.metadata,
    updated_at = excluded.updated_at
"""


def known_teams(names: Iterable[str]) -> dict[str, int]:
    """The ids of those of the tenant's teams that exist, by their names as given, in any case."""
    rows = run(_KNOWN_TEAMS, {"tenant": current_tenant().pk, "names": text_array(dict.fromkeys(names))})
    return dict(rows)


_KNOWN_TEAMS = """
SELECT sent.name, team.id
FROM unnest(%(names)s::text[]) AS sent (name)
JOIN salesos_team AS team ON team.tenant_id = %(tenant)s AND lower(team.name) = lower(sent.name)
"""


def teams_named(names: Iterable[str]) -> dict[str, int]:
    """The ids of the tenant's teams by their names as given, those that are new created in the first spelling given.

    The database alone decides which names are the same: Python folds “İ” and “ß” differently.
    """
    given = list(dict.fromkeys(names))
    if not given:
        return {}
    rows = run(
        _TEAMS_NAMED,
        {"tenant": current_tenant().pk, "names": text_array(given), "public_ids": array(uuid7() for _name in given)},
    )
    return dict(rows)


_TEAMS_NAMED = """
WITH sent AS (
    SELECT sent.name, sent.public_id, sent.place, team.id
    FROM unnest(%(names)s::text[], %(public_ids)s::uuid[]) WITH ORDINALITY AS sent (name, public_id, place)
    LEFT JOIN salesos_team AS team ON team.tenant_id = %(tenant)s AND lower(team.name) = lower(sent.name)
),
created AS (
    INSERT INTO salesos_team AS team (tenant_id, public_id, name, created_at)
    SELECT DISTINCT ON (lower(name)) %(tenant)s, public_id, name, now()
    FROM sent WHERE id IS NULL
    ORDER BY lower(name), place  -- every writer makes teams in the same order
    ON CONFLICT (tenant_id, lower(name)) DO UPDATE SET name = team.name  -- another worker's of this moment: taken as is
    RETURNING team.id, team.name
)
SELECT sent.name, coalesce(sent.id, created.id)
FROM sent LEFT JOIN created ON lower(created.name) = lower(sent.name)
"""
