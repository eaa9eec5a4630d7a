"""What every test may ask for. Tests run on an embedded PostgreSQL of their own (`tests.settings`)."""

import pytest
from django.core.cache import caches

from salesos.models import Tenant
from salesos.tenancy import tenant_context
from salesos.tenants import create_tenant


@pytest.fixture
def acme(db) -> Tenant:
    """The tenant that a test is about, in São Paulo (UTC−3). Its sandbox: `acme.sandbox`."""
    return create_tenant("Acme", time_zone="America/Sao_Paulo")


@pytest.fixture
def globex(db) -> Tenant:
    """The stranger in the room, with a team and people of its own."""
    return create_tenant("Globex", time_zone="UTC")


@pytest.fixture
def in_acme(acme):
    with tenant_context(acme):
        yield acme


@pytest.fixture(autouse=True)
def _forget():
    """What a process remembers must not reach the next test."""
    yield
    caches["process"].clear()
