import pytest

from tests.door import door
from tests.factories import CollaboratorFactory, MappingFactory, MissionFactory, TeamFactory


@pytest.fixture
def at(acme, globex):
    """Acme has person 1, in a team, and code 001 mapped to 5 points; Globex the same, with 7."""
    for tenant, points in ((acme, 5), (globex, 7)):
        CollaboratorFactory(
            tenant=tenant,
            external_id="emp-1",
            email="person1@example.com",
            team=TeamFactory(tenant=tenant, name="Sales"),
        )
        MappingFactory(tenant=tenant, code="001", points=points, mission=MissionFactory(tenant=tenant, name="Calls"))
    return door(acme)
