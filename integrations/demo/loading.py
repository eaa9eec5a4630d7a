"""Load the demo tenant, once and whole, and keep its login and API key usable.

All of it is one transaction: a load that is killed leaves nothing behind, and the next one starts anew. What the
transaction commits is in the credentials' file before, so that neither password nor key can be lost in between.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.demo import company, credentials
from integrations.demo.company import PEOPLE, PIPELINE, REWARDED, Rewarded
from integrations.demo.credentials import Credentials
from integrations.demo.door import Door
from integrations.demo.history import history
from integrations.demo.pipeline import load_pipeline
from missions.adjustments import adjust
from missions.mapping import set_mapping
from missions.models import Mission
from missions.periods import today_in
from missions.sources import DEFAULT, LEADS
from salesos.errors import Refused
from salesos.keys import TOKEN, IssuedKey, issue_key, revoke_key
from salesos.models import ApiKey, Collaborator, Tenant, User
from salesos.roles import Role
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant, create_user

DAYS = 90
ADMIN = "admin@demo.example"
STAFF = "staff@demo.example"
USERS = (
    (ADMIN, "Helena Duarte", Role.ADMIN),
    ("manager@demo.example", "Ricardo Nogueira", Role.MANAGER),
    ("auditor@demo.example", "Sonia Tavares", Role.AUDITOR),
)
KEY_NAME = "CRM sync"

ADJUSTMENTS = (
    ("fernanda", 50, "Won the open-house raffle", 3),
    ("joao", -20, "Proposal counted twice in the CRM, agreed with Joao", 9),
    ("thiago", 30, "Trained two new colleagues", 24),
)
"""Mailbox, points, reason, days ago."""

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Ready:
    """A demo that can be shown. `password` is empty when somebody has set another one."""

    password: str
    api_key: str
    notes: tuple[str, ...] = ()


@credentials.alone()
def load(*, at: datetime, report: Report, days: int = DAYS) -> Ready:
    """The demo tenant, loaded unless it is there; what of its login and key no longer works is made anew.

    `report` is told the progress. Raises `Refused` when the slug belongs to somebody else's tenant.
    """
    tenant = Tenant.objects.filter(slug=company.SLUG).first()
    if tenant is not None:
        if not tenant.memberships.filter(user__email=ADMIN).exists():
            message = _("The tenant “%(slug)s” is not the demo; the demo needs this slug.") % {"slug": company.SLUG}
            raise Refused("slug_taken", message, field="slug")
        return _usable(tenant, at=at)
    known = credentials.kept()
    known.password = known.password or credentials.random_password()
    credentials.keep(known)
    with transaction.atomic():
        _load(known, at=at, report=report, days=days)
    return Ready(known.password, known.api_key)


def _load(known: Credentials, *, at: datetime, report: Report, days: int) -> None:
    tenant = create_tenant(company.NAME, slug=company.SLUG, time_zone=company.TIME_ZONE, language=company.LANGUAGE)
    admin, manager = _create_users(tenant, known.password)
    issued = _issue(tenant, by=admin)
    known.api_key = issued.token
    credentials.keep(known)
    report(f"{company.NAME}: {len(USERS) + 1} users, an API key")
    door = Door()
    door.sync("collaborators", [person.as_sent() for person in PEOPLE], token=known.api_key)
    with tenant_context(tenant):
        _map_codes(DEFAULT, REWARDED, by=admin)
        _map_codes(LEADS, PIPELINE, by=admin)
    report(f"{len(PEOPLE)} collaborators in two teams, {len(REWARDED)} missions")
    _send_history(tenant, door, known.api_key, at=at, report=report, days=days)
    _send_trouble(tenant, door, known.api_key, by=admin, at=at)
    with tenant_context(tenant):
        leads, deals = load_pipeline(tenant, key=issued.key, manager=manager, at=at)
        report(f"{leads} leads, {deals} deals in the pipeline")
        _adjust(tenant, by=admin, at=at)
    report(f"{len(ADJUSTMENTS)} adjustments, some refused requests in the log")


def _create_users(tenant: Tenant, password: str) -> tuple[User, User]:
    """The users, all with the one password; the demo's admin and manager among them are returned."""
    users = [create_user(email, tenant=tenant, role=role, name=name) for email, name, role in USERS]
    users.append(User.objects.filter(email=STAFF).first() or User(email=STAFF, name="Platform staff"))
    for user in users:
        user.is_platform_staff = user.email == STAFF
        user.set_password(password)
        user.save()
    return users[0], users[1]


def _issue(tenant: Tenant, *, by: User | None) -> IssuedKey:
    return issue_key(tenant, name=KEY_NAME, scopes=[Scope.DEFAULT_SYNC], by=by)


def _map_codes(source: str, kinds: Iterable[Rewarded], *, by: User) -> None:
    for kind in kinds:
        target, period = kind.target or (None, "")
        mission, _is_new = Mission.objects.get_or_create(
            name=kind.mission,
            defaults={
                "description": kind.description, "icon": kind.icon, "colour": kind.colour,
                "target": target, "target_period": period,
            },
        )  # fmt: skip
        set_mapping(source, kind.code, mission=mission, points=kind.points, by=by, label=kind.label)


def _send_history(tenant: Tenant, door: Door, token: str, *, at: datetime, report: Report, days: int) -> None:
    """A request for each day, as a CRM's nightly sync sends them."""
    sent = 0
    for number, items in enumerate(history(days, until=at, zone=tenant.zone), start=1):
        sent += door.sync("activities", items, token=token)["total"]
        if number % 15 == 0 or number == days:
            report(f"{sent} activities of {number} days")


def _send_trouble(tenant: Tenant, door: Door, token: str, *, by: User, at: datetime) -> None:
    """What goes wrong in the life of an integration, for the request log."""
    *_earlier, today = history(2, until=at, zone=tenant.zone)
    call = {"activity_code": "001", "external_id": "crm-manual-1", "collaborator_email": PEOPLE[0].email}
    body = {"action": "sync_activities", "activities": [call]}
    stray = {"external_id": "emp-199", "name": "Carlos Mendes", "email": "invalid-email", "team": company.TEAM_B}
    spreadsheet = issue_key(tenant, name="Spreadsheet (reads only)", scopes=[], by=by)
    former = issue_key(tenant, name="Former CRM", scopes=[Scope.DEFAULT_SYNC], by=by)
    revoke_key(former.key, by=by, at=at)

    door.sync("collaborators", [person.as_sent() for person in PEOPLE] + [stray], token=token)
    door.sync("activities", today, token=token)  # Sent twice, so all duplicates.
    door.send({"action": "sync_activities", "activities": [{**call, "activity_code": "abc"}]}, token=token)
    door.send({"action": "sync_deals", "deals": []}, token=token)
    door.send('{"action": "sync_activities", "activities": [', token=token)
    door.send(body, token=spreadsheet.token)
    door.send(body, token=former.token)
    door.send(body, token="sk_live_YOUR_API_KEY")  # noqa: S106 - the documentation's, pasted as it is
    door.send("", token=token, method="GET")


def _adjust(tenant: Tenant, *, by: User, at: datetime) -> None:
    today = today_in(tenant, at)
    for mailbox, points, reason, ago in ADJUSTMENTS:
        person = Collaborator.objects.get(email=f"{mailbox}@yourcompany.com")
        adjust(person, points=points, reason=reason, day=today - timedelta(days=ago), by=by, at=at)


def _usable(tenant: Tenant, *, at: datetime) -> Ready:
    """The loaded demo's login and key, those made anew that were lost or ended."""
    known, notes = credentials.kept(), []
    with transaction.atomic():
        is_lost = not known.password
        if is_lost:
            known.password = credentials.random_password()
            notes.append(_("The demo's password was lost: its users have a new one."))
        is_ended = not _is_usable_key_of(tenant, known.api_key, at=at)
        if is_ended:
            known.api_key = _issue(tenant, by=None).token
            notes.append(_("The demo's API key was lost or has ended: this is a new one."))
        if is_lost or is_ended:
            credentials.keep(known)
        if is_lost:
            _set_password(known.password)
    return Ready(_password_if_still_set(known.password), known.api_key, tuple(notes))


def _set_password(password: str) -> None:
    for user in User.objects.filter(email__in=[STAFF, *(email for email, _name, _role in USERS)]):
        user.set_password(password)
        user.save(update_fields=["password"])


def _password_if_still_set(password: str) -> str:
    return password if User.objects.get(email=ADMIN).check_password(password) else ""


def _is_usable_key_of(tenant: Tenant, token: str, *, at: datetime) -> bool:
    """By its public id alone: the secret beside it is our own, and checking it would cost bcrypt at each start."""
    parts = TOKEN.fullmatch(token)
    with tenant_context(tenant):
        key = ApiKey.objects.filter(key_id=parts[2]).first() if parts else None
    return key is not None and key.is_usable(at=at) and Scope.DEFAULT_SYNC in key.scopes
