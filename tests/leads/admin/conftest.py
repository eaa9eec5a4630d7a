"""Acme's dashboard as its manager sees it; globex has leads, people and views of its own that are called the same."""

from datetime import UTC, datetime

import pytest

from leads.actors import Actor
from leads.changes import NewLead, create_lead
from leads.models import Lead, SavedView
from salesos.models import Collaborator, Tenant
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory
from tests.salesos.admin.conftest import member, signed_in

AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
LEADS = "/dashboard/leads/"


def make(tenant: Tenant, name: str = "Maria", *, at: datetime = AT, **fields) -> Lead:
    email = fields.pop("email", f"{name.lower().replace(' ', '.')}@example.com")
    with tenant_context(tenant):
        return create_lead(NewLead(name=name, email=email, **fields), by=Actor.of_system("test"), at=at)


def again(lead: Lead) -> Lead:
    """As it is in the database now."""
    with tenant_context(lead.tenant):
        return Lead.objects.select_related("owner").get(pk=lead.pk)


@pytest.fixture
def stranger(globex) -> Lead:
    with tenant_context(globex):
        SavedView.objects.create(name="Globex view", is_shared=True)
        rui = CollaboratorFactory(name="Rui", team=TeamFactory(name="North"))
    return make(globex, "Globex Maria", email="maria@example.com", owner=rui, tags=("globex",), source="globex")


@pytest.fixture
def ana(acme) -> Collaborator:
    return CollaboratorFactory(tenant=acme, name="Ana Lima", team=TeamFactory(tenant=acme, name="North"))


@pytest.fixture
def manager(acme, stranger):
    return signed_in(member(acme, Role.MANAGER))


@pytest.fixture
def auditor(acme, stranger):
    return signed_in(member(acme, Role.AUDITOR))
