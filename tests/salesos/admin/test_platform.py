from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from missions.models import ReceivedCode
from salesos.models import Collaborator, Tenant
from salesos.tenancy import tenant_context
from tests.salesos.admin.conftest import furnish
from tests.salesos.requests import request_at

TENANTS = "/dashboard/salesos/tenant/"


def figures_of(client) -> dict[str, dict[str, str]]:
    return {tenant.slug: tenant.figures for tenant in client.get(TENANTS).context["cl"].result_list}


@pytest.fixture
def busy(acme, globex):
    """Acme with people, activities, requests and errors; globex without anything."""
    furnish(acme, count=3)
    now = timezone.now()
    with tenant_context(acme):
        Collaborator.objects.create(name="Gone", email="gone@acme.example", is_active=False)
        long_ago = now - timedelta(days=31)
        ReceivedCode.objects.create(
            source="default", code="001", day=long_ago.date(), received=50, last_received_at=long_ago
        )
    for status, count in ((200, 30), (403, 10)):
        for _number in range(count):
            request_at(acme, now - timedelta(hours=1), status=status)
    request_at(acme, now - timedelta(days=2), status=500)
    return acme


def test_size_activity_and_health_of_each_tenant(people, busy):
    figures = figures_of(people["staff"])
    assert figures["globex"] == {
        "people": "0", "last_request": "–", "errors": "–", "month": "0", "last_activity": "–", "unmatched": "0",
    }  # fmt: skip
    acme = figures["acme"]
    assert (acme["people"], acme["unmatched"]) == ("3", "3")
    assert acme["month"] in ("0", "6")  # what the fixture records lies on a fixed day
    assert acme["errors"].startswith('<span class="down">2')
    assert acme["last_request"].startswith(f"{busy.local(timezone.now()):%-d %b %Y}, ")


def test_two_hundred_tenants_cost_as_many_statements_as_two(people, busy):
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert people["staff"].get(TENANTS).status_code == 200
        return len(queries)

    statements()  # the first one of a minute notes that the session was seen
    few = statements()
    Tenant.objects.bulk_create(Tenant(name=f"Tenant {n:03d}", slug=f"tenant-{n}") for n in range(198))
    assert len(figures_of(people["staff"])) == 200
    assert statements() == few


def test_the_figures_are_for_platform_staff(people, busy):
    for who in ("auditor", "manager", "admin"):
        assert people[who].get(TENANTS).status_code == 403
