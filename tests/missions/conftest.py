import pytest
from hypothesis import HealthCheck, settings

from missions.models import UnmatchedActivity
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory
from tests.missions.evidence import earn, record, sent

# How long an example takes says how busy the machine is. The fixtures are the same for all examples, which put back
# what they write (`rolled_back`).
settings.register_profile(
    "unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
settings.load_profile("unhurried")


@pytest.fixture
def globex(globex):
    """The stranger, busy in every table: the same codes, names, days and addresses as in the tests, other rows."""
    with tenant_context(globex):
        hank = CollaboratorFactory(name="Hank", email="maria@example.com", team=TeamFactory(name="Red"))
        MappingFactory(code="001", mission=MissionFactory(name="Calls"), points=1000)
        record(hank, "001", count=2)
        record(hank, "002", count=3)
        earn(hank, 500)
        kept = sent("nobody@example.com")
        UnmatchedActivity.objects.create(
            source="default", code=kept.code, external_id=kept.external_id, email=kept.email,
            occurred_at=kept.occurred_at, received_at=kept.receipt.at,
        )  # fmt: skip
    return globex
