"""A dashboard with something on every screen, in two tenants."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.test import Client
from django.utils import timezone
from uuid_utils.compat import uuid7

from leads.actors import Actor
from leads.changes import NewLead, change_lead, create_lead
from leads.conversion import Terms, convert_lead
from leads.merging import merge_leads
from leads.models import Deal, Lead, SavedView
from missions.adjustments import adjust
from missions.mapping import set_mapping
from missions.models import Activity, Adjustment, Mission, ReceivedCode, UnmatchedActivity, WallLink
from missions.periods import Period
from missions.recording import Receipt, SentActivity, record_activities
from missions.walls.links import create_link
from salesos.admin.acting import SESSION_KEY
from salesos.models import ApiKey, BackgroundJob, Collaborator, RequestLog, Team, Tenant, User
from salesos.models.background import JobState
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import MembershipFactory, UserFactory
from tests.leads.boards import deal_in

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def furnish(tenant: Tenant, *, count: int = 1, start: int = 0) -> SimpleNamespace:
    """`count` rows of every model in `tenant`; the first of each is returned."""
    slug = tenant.slug
    with tenant_context(tenant):
        for number in range(start, start + count):
            team = Team.objects.create(name=f"{slug} team {number}")
            person = Collaborator.objects.create(
                name=f"{slug} person {number}",
                email=f"person{number}@{slug}.example",
                external_id=f"e{number}",
                team=team,
            )
            mission = Mission.objects.create(name=f"{slug} mission {number}")
            set_mapping("default", f"{number + 1:03d}", mission=mission, points=5, label=f"{slug} label {number}")
            _send(f"{slug}-{number}", f"{number + 1:03d}", person.email)
            _send(f"{slug}-unmapped-{number}", f"{number + 501:03d}", person.email)
            _send(f"{slug}-lost-{number}", "001", f"lost{number}@{slug}.example")
            adjust(person, points=3, reason=f"{slug} reason {number}", by=None, at=NOW)
            create_link(name=f"{slug} wall {number}", period=Period.ALL, team=team, mission=mission, by=None)
            deal_in(tenant, name=f"{slug} deal {number}", owner=person, at=NOW)
            key = ApiKey.objects.create(
                name=f"{slug} key {number}", key_id=f"{tenant.pk:06d}{number:06d}", scopes=["default:sync"]
            )
            RequestLog.objects.create(
                id=uuid7(),
                at=NOW,
                tenant=tenant,
                api_key=key,
                method="POST",
                path="/functions/v1/default-integration",
                action="sync_activities",
                status=200,
                duration_ms=3.5,
                bytes_in=10,
                counts={"processed": 1},
            )
            BackgroundJob.objects.create(
                kind="tests.nothing", state=JobState.DONE, file_name=f"{slug} file {number}", created_at=NOW
            )
            add_leads(slug, number, person)
            add_duplicates(slug, number)
            BackgroundJob.objects.create(
                kind="leads.import",
                state=JobState.DONE,
                file_name=f"{slug} leads {number}.csv",
                input={"header": ["email"]},
                created_at=NOW,
            )
        return SimpleNamespace(
            tenant=tenant,
            team=Team.objects.first(),
            person=Collaborator.objects.first(),
            mission=Mission.objects.first(),
            activity=Activity.objects.first(),
            unmatched=UnmatchedActivity.objects.first(),
            adjustment=Adjustment.objects.first(),
            key=ApiKey.objects.first(),
            request=RequestLog.objects.first(),
            code=ReceivedCode.objects.first(),
            wall=WallLink.objects.first(),
            job=BackgroundJob.objects.filter(kind="tests.nothing").order_by("pk").first(),
            lead=Lead.objects.order_by("pk").first(),
            editing=BackgroundJob.objects.filter(kind="leads.edit").order_by("pk").first(),
            lead_import=BackgroundJob.objects.filter(kind="leads.import").first(),
            deal=Deal.objects.first(),
        )


def add_leads(slug: str, number: int, person: Collaborator) -> None:
    """A lead that was changed, one that became a deal, a view that everybody sees, and a bulk edit that is done.

    Both leads are nobody's: they earn no points, and bring no activities.
    """
    by = Actor.of_system(f"{slug} maker")
    lead = create_lead(
        NewLead(name=f"{slug} lead {number}", email=f"lead{number}@{slug}.example", company=slug),
        by=by,
        at=NOW,
    )
    change_lead(lead, {"tags": [f"{slug} tag"], "custom_fields": {"of": slug}}, by=by, at=NOW)
    sold = create_lead(
        NewLead(name=f"{slug} sold {number}", email=f"sold{number}@{slug}.example", source=slug),
        by=by,
        at=NOW,
    )
    convert_lead(sold, Terms(name=f"{slug} deal {number}"), by=by, at=NOW)
    if number < 40:
        filters = {"owner_id": str(person.public_id)}
        SavedView(name=f"{slug} view {number}", is_shared=True, filters=filters).save()
    editing = {"status": "", "sets_owner": True, "owner_id": str(person.public_id), "shown": slug}
    BackgroundJob.objects.create(
        kind="leads.edit",
        state=JobState.DONE,
        input={**editing, "added_tags": [], "removed_tags": []},
        created_at=NOW,
    )


def add_duplicates(slug: str, number: int) -> None:
    """A lead with two duplicates, one of which was merged into it."""
    by = Actor.of_system(f"{slug} test")
    leads = [
        create_lead(NewLead(name=f"{slug} twin {number}", company=slug, email=email), by=by, at=NOW)
        for email in (
            f"twin{number}@{slug}.example",
            f"twin{number}+a@{slug}.example",
            f"twin{number}+b@{slug}.example",
        )
    ]
    merge_leads(leads[0], leads[2], by=by, at=timezone.now())


def _send(external_id: str, code: str, email: str) -> None:
    record_activities(
        "default", [SentActivity(code, external_id, email, NOW, '{"client": "Zöe"}', Receipt(NOW, uuid7()))]
    )


def member(tenant: Tenant, role: Role) -> User:
    return MembershipFactory(
        tenant=tenant, role=role, user__email=f"{role}@{tenant.slug}.example", user__password=None
    ).user


def signed_in(user: User | None, *, acting_in: Tenant | None = None) -> Client:
    client = Client()
    if user is not None:
        client.force_login(user)
    if acting_in is not None:
        session = client.session
        session[SESSION_KEY] = acting_in.pk
        session.save()
    return client


@pytest.fixture
def acme_rows(acme, globex):
    return furnish(acme)


@pytest.fixture
def globex_rows(globex):
    return furnish(globex)


@pytest.fixture
def staff(db) -> User:
    return UserFactory(email="staff@salesos.example", is_platform_staff=True, password=None)


@pytest.fixture
def people(acme, globex, staff):
    """Clients by who they are; globex has members of its own."""
    for role in Role:
        member(globex, role)
    return {
        "anonymous": signed_in(None),
        "nobody": signed_in(UserFactory(email="nobody@example.com", password=None)),
        "auditor": signed_in(member(acme, Role.AUDITOR)),
        "manager": signed_in(member(acme, Role.MANAGER)),
        "admin": signed_in(member(acme, Role.ADMIN)),
        "staff": signed_in(staff, acting_in=acme),
    }
