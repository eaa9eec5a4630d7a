"""People from a CSV file: which column is what, what importing would do row by row, and doing it.

Matched by e-mail address, created or updated. An empty cell leaves a field as it is. Teams are found by name in any
case and made when new. Lengths and addresses are the API's (`salesos.people`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrPromise
from pydantic import TypeAdapter, ValidationError

from salesos import audit
from salesos.errors import Refused
from salesos.models import Collaborator, User
from salesos.people import OPTIONAL_TEXTS, REQUIRED_TEXTS, Email, known_teams, teams_named, write_people
from salesos.retrying import DEADLOCK, FOREIGN_KEY_VIOLATION, SERIALIZATION_FAILURE, UNIQUE_VIOLATION, retried
from salesos.spreadsheets import Sheet

MOST_ROWS = 5000

FIELDS: dict[str, StrPromise] = {
    "email": _("E-mail"),
    "name": _("Name"),
    "external_id": _("External id"),
    "team": _("Team"),
    "role": _("Role"),
    "phone": _("Phone"),
    "document": _("Document"),
}

# As people write them in English, Portuguese and Spanish, as `salesos.columns` folds them; the first that fits counts.
HEADERS = {
    "email": "email emailaddress mail correo correoelectronico correoe enderecodeemail login usuario",
    "name": "name fullname nome nomecompleto nombre nombrecompleto collaborator colaborador vendedor salesperson "
    "employee funcionario empleado corretor consultor",
    "external_id": "externalid id crmid idexterno idcrm codigo matricula employeeid code idempleado legajo",
    "team": "team teamname equipe time equipo squad grupo group departamento department",
    "role": "role cargo funcao funcion papel rol puesto jobtitle title",
    "phone": "phone phonenumber telephone mobile telefone celular telefono movil whatsapp fone",
    "document": "document cpf documento dni rut cedula identity identidade nif curp ssn",
}

LONGEST = REQUIRED_TEXTS | OPTIONAL_TEXTS
_email = TypeAdapter(Email)

Outcome = Literal["error", "new", "changed", "same"]


@dataclass(frozen=True, slots=True)
class Change:
    name: str
    """The field, one of `FIELDS`."""
    before: str
    after: str

    @property
    def title(self) -> StrPromise:
        return FIELDS[self.name]


@dataclass(slots=True)
class Row:
    """A row of the file and what becomes of it. `note` says what else the reader should know."""

    line: int
    given: dict[str, str]
    """Field → what the file says, only where it says something; the e-mail in its normal form."""
    errors: list[StrPromise | str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    person: Collaborator | None = None
    """Who has this e-mail already."""
    note: StrPromise | str = ""

    @property
    def name(self) -> str:
        """What the person is called, in the file or else now."""
        return self.given.get("name") or (self.person.name if self.person else "")

    @property
    def outcome(self) -> Outcome:
        if self.errors:
            return "error"
        if self.person is None:
            return "new"
        return "changed" if self.changes else "same"


@dataclass(frozen=True, slots=True)
class Plan:
    rows: list[Row]
    new_teams: list[str]
    """The names of teams that are made, in the first spelling given."""

    def count(self, outcome: Outcome) -> int:
        return sum(row.outcome == outcome for row in self.rows)


def plan(sheet: Sheet, columns: Mapping[str, int]) -> Plan:
    """What importing would do; nothing is written. Five statements. Raises `Refused` without a column of e-mails."""
    return _planned(sheet, columns, Collaborator.objects.all())


@retried(SERIALIZATION_FAILURE, DEADLOCK, UNIQUE_VIOLATION, FOREIGN_KEY_VIOLATION)
@transaction.atomic
def import_people(sheet: Sheet, columns: Mapping[str, int], *, skips_errors: bool, by: User | None) -> Plan:
    """Create and update the people of the file, all or nobody; return what was done.

    Raises `Refused` when any row has an error, unless `skips_errors`: then those rows, and only they, are left out.
    """
    done = _planned(sheet, columns, Collaborator.objects.select_for_update(no_key=True, of=("self",)))
    if done.count("error") and not skips_errors:
        raise Refused("rows_refused", _("Nothing was imported: some rows have errors. Correct them, or skip them."))
    rows = [row for row in done.rows if row.outcome in ("new", "changed")]
    teams = teams_named(row.given["team"] for row in rows if "team" in row.given)
    write_people([_person(row, teams) for row in rows])
    _record(rows, done, by)
    return done


def _planned(sheet: Sheet, columns: Mapping[str, int], people: QuerySet[Collaborator]) -> Plan:
    if "email" not in columns:
        raise Refused("no_email_column", _("Say which column holds the e-mail addresses."), field="email")
    rows = [Row(line, _given(cells, columns)) for cells, line in zip(sheet.rows, sheet.lines, strict=True)]
    for row in rows:
        row.errors.extend(_faults(row.given))
    emails = [row.given["email"] for row in rows if not row.errors]
    ids = [row.given["external_id"] for row in rows if not row.errors and "external_id" in row.given]
    # In the order in which every writer locks people.
    known = list(people.filter(Q(email__in=emails) | Q(external_id__in=ids)).select_related("team").order_by("pk"))
    survivors = Collaborator.objects.in_bulk([each.merged_into_id for each in known if each.merged_into_id])
    _match(rows, known, survivors)
    names = [row.given["team"] for row in rows if not row.errors and "team" in row.given]
    teams = known_teams(names)
    for row in rows:
        if not row.errors and row.person is not None:
            row.changes.extend(_changes(row, row.person, teams))
    return Plan(rows, _new_teams(names, teams))


def _given(cells: Sequence[str], columns: Mapping[str, int]) -> dict[str, str]:
    given = {name: cells[number].strip() for name, number in columns.items() if number < len(cells)}
    return {name: text for name, text in given.items() if text}


def _faults(given: dict[str, str]) -> Iterable[StrPromise | str]:
    """What is wrong with a row by itself. Puts the e-mail into its normal form."""
    try:
        if "email" in given:
            given["email"] = _email.validate_python(given["email"])
        else:
            yield _("The e-mail is missing.")
    except ValidationError:
        yield _("“%(email)s” is no e-mail address.") % {"email": given["email"][:100]}
    for name, most in LONGEST.items():
        if len(given.get(name, "")) > most:
            yield _("%(field)s: at most %(most)d characters.") % {"field": FIELDS[name], "most": most}


def _match(rows: list[Row], known: Iterable[Collaborator], survivors: Mapping[int, Collaborator]) -> None:
    """Find whom each row is about, and refuse what can't be told apart."""
    by_email = {person.email: person for person in known}
    by_external_id = {person.external_id: person for person in known if person.external_id}
    lines: dict[tuple[str, str], int] = {}
    for row in rows:
        if row.errors:
            continue
        email, external_id = row.given["email"], row.given.get("external_id", "")
        person = by_email.get(email)
        holder = by_external_id.get(external_id)
        for name, text in (("email", email), ("external_id", external_id)):
            line = lines.setdefault((name, text), row.line) if text else row.line
            if line != row.line:
                row.errors.append(_("%(field)s: the same as in line %(line)d.") % {"field": FIELDS[name], "line": line})
        if holder is not None and holder is not person:
            message = _("External id “%(id)s” belongs to %(name)s (%(email)s).")
            row.errors.append(message % {"id": external_id, "name": holder.name, "email": holder.email})
        if person is None and "name" not in row.given:
            row.errors.append(_("A new person needs a name."))
        row.person = person
        if person is not None and person.merged_into_id is not None:
            row.note = _("Merged into %(name)s: counts there.") % {"name": survivors[person.merged_into_id].name}


def _changes(row: Row, person: Collaborator, teams: Mapping[str, int]) -> Iterable[Change]:
    for name, text in row.given.items():
        if name == "team":
            if text not in teams or teams[text] != person.team_id:
                yield Change(name, person.team.name if person.team else "", text)
        elif (getattr(person, name) or "") != text:
            yield Change(name, getattr(person, name) or "", text)


def _new_teams(names: Iterable[str], teams: Mapping[str, int]) -> list[str]:
    new: dict[str, str] = {}
    for name in names:
        if name not in teams:
            new.setdefault(name.lower(), name)
    return list(new.values())


def _person(row: Row, teams: Mapping[str, int]) -> Collaborator:
    person = row.person or Collaborator()
    for name, text in row.given.items():
        if name == "team":
            person.team_id = teams[text]
        else:
            setattr(person, name, text)
    return person


def _record(rows: Iterable[Row], done: Plan, by: User | None) -> None:
    """One entry in the audit trail for each person, one for the import. Two statements for the people."""
    new = [row.given["email"] for row in rows if row.person is None]
    created = [
        ("collaborator.created", person, {"email": ("", person.email)})
        for person in Collaborator.objects.filter(email__in=new).order_by("pk")
    ]
    changed = [
        ("collaborator.changed", row.person, {change.name: (change.before, change.after) for change in row.changes})
        for row in rows
        if row.person is not None
    ]
    audit.record_many([*created, *changed], by=by)
    counts = {outcome: ("", done.count(outcome)) for outcome in ("new", "changed", "same", "error")}
    audit.record("people.imported", str(_("CSV file")), changes=counts, by=by)
