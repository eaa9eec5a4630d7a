"""Rows for tests. Tenant data is made inside `tenant_context(tenant)`, or with `tenant=` given."""

import factory
from factory.django import DjangoModelFactory

from missions.models import Mapping, Mission
from salesos.models import Collaborator, Membership, Team, User
from salesos.roles import Role
from salesos.tenancy import current_tenant, tenant_context

PASSWORD = "correct horse battery"


class TenantedFactory(DjangoModelFactory):
    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model, *args, **fields):
        tenant = fields.pop("tenant", None) or current_tenant()
        with tenant_context(tenant):
            return model.objects.create(*args, **fields)


class TeamFactory(TenantedFactory):
    class Meta:
        model = Team

    name = factory.Sequence(lambda n: f"Team {n}")


class CollaboratorFactory(TenantedFactory):
    class Meta:
        model = Collaborator

    external_id = factory.Sequence(lambda n: f"emp-{n}")
    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.Sequence(lambda n: f"person{n}@example.com")


class MissionFactory(TenantedFactory):
    class Meta:
        model = Mission

    name = factory.Sequence(lambda n: f"Mission {n}")


class MappingFactory(TenantedFactory):
    class Meta:
        model = Mapping

    code = factory.Sequence(lambda n: f"{n % 999 + 1:03d}")
    points = 5


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"user{n}@example.com")

    @classmethod
    def _create(cls, model, *args, **fields):
        return model.objects.create_user(*args, password=fields.pop("password", PASSWORD), **fields)


class MembershipFactory(DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    role = Role.ADMIN
