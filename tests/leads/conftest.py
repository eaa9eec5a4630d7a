from urllib.parse import urlencode

import pytest

from salesos.models import Collaborator, Tenant
from salesos.scopes import Scope
from tests.door import Door, door
from tests.factories import CollaboratorFactory, TeamFactory

EVERYTHING = [Scope.LEADS_READ, Scope.LEADS_WRITE]


class LeadsDoor:
    """The Leads API as a caller sees it: JSON in, (status, JSON) out. Other headers by keyword."""

    def __init__(self, at: Door) -> None:
        self.at = at

    def ask(self, method: str, path: str, body=None, **options):
        return self.at.send(b"" if body is None else body, method=method, path=f"/v1/{path}", **options)

    def get(self, path: str, **query):
        return self.ask("GET", path, QUERY_STRING=urlencode(query)) if query else self.ask("GET", path)

    def create(self, **fields):
        response = self.ask("POST", "leads", {"name": "Maria", "email": "maria@example.com"} | fields)
        assert response.status_code == 201, response.content
        return response.json()["data"]

    def patch(self, lead, **fields):
        response = self.ask("PATCH", f"leads/{lead['id']}", fields)
        assert response.status_code == 200, response.content
        return response.json()["data"]

    def convert(self, lead, **fields):
        response = self.ask("POST", f"leads/{lead['id']}/convert", fields)
        assert response.status_code == 200, response.content
        return response.json()["data"]

    def page(self, path: str = "leads", **query):
        response = self.get(path, **query)
        assert response.status_code == 200, response.content
        return response.json()

    def names(self, **query) -> list[str]:
        return [lead["name"] for lead in self.page(**query)["data"]]


def leads_door(tenant: Tenant, **options) -> LeadsDoor:
    return LeadsDoor(door(tenant, **{"scopes": EVERYTHING, "hourly_limit": 1_000_000, **options}))


@pytest.fixture
def at(acme, globex) -> LeadsDoor:
    """A door to acme's leads. Globex has a lead, too, called as any test may call one, and a deal."""
    theirs = leads_door(globex)
    theirs.convert(theirs.create(status="qualified", company="Tech Corp", source="website"))
    return leads_door(acme)


@pytest.fixture
def theirs(globex, at) -> LeadsDoor:
    """A door to globex's leads."""
    return leads_door(globex)


@pytest.fixture
def ana(acme) -> Collaborator:
    """A salesperson of acme, in a team."""
    return CollaboratorFactory(tenant=acme, name="Ana", team=TeamFactory(tenant=acme, name="North"))


@pytest.fixture
def rui(globex) -> Collaborator:
    """A salesperson of globex, in a team."""
    return CollaboratorFactory(tenant=globex, name="Rui", team=TeamFactory(tenant=globex, name="North"))
