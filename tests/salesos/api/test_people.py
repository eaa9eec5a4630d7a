"""Collaborators and teams over the API: every id that an integrator needs, and nothing of another tenant."""

import uuid
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from salesos.models import Collaborator
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from tests.door import details, door, logged, refusal
from tests.factories import CollaboratorFactory, TeamFactory

AT = datetime(2026, 3, 10, 14, 30, 5, 250000, tzinfo=UTC)
PATHS = ["/v1/collaborators", "/v1/teams"]


@pytest.fixture
def at(acme):
    return door(acme, scopes=[Scope.LEADS_READ])


@pytest.fixture
def people(acme, globex):
    red, blue = TeamFactory(tenant=acme, name="Red"), TeamFactory(tenant=acme, name="Blue")
    ana = CollaboratorFactory(tenant=acme, name="Ana", email="ana@example.com", team=red, role="rep", external_id="e-1")
    bia = CollaboratorFactory(tenant=acme, name="Bia", email="bia@example.com", team=red, is_active=False)
    cai = CollaboratorFactory(tenant=acme, name="Caí %", email="cai@example.com", external_id=None)
    CollaboratorFactory(tenant=acme, name="Ana again", email="ana2@example.com", merged_into=ana, team=red)
    CollaboratorFactory(tenant=globex, name="Ana", email="ana@example.com", team=TeamFactory(tenant=globex, name="Red"))
    with tenant_context(acme):
        Collaborator.objects.update(created_at=AT, updated_at=AT)
    return {"red": red, "blue": blue, "ana": ana, "bia": bia, "cai": cai}


def get(at, path):
    answer = at.send(method="GET", path=path)
    assert answer.status_code == 200, answer.content
    return answer.json()


def names(at, query=""):
    return [row["name"] for row in get(at, f"/v1/collaborators{query}")["data"]]


def test_a_person_is_shown_with_every_id(at, people):
    answer = get(at, "/v1/collaborators?per_page=1")
    ana = {
        "id": str(people["ana"].public_id),
        "external_id": "e-1",
        "name": "Ana",
        "email": "ana@example.com",
        "role": "rep",
        "team_id": str(people["red"].public_id),
        "is_active": True,
        "created_at": "2026-03-10T14:30:05Z",
        "updated_at": "2026-03-10T14:30:05Z",
    }
    assert answer == {"data": [ana], "meta": {"total": 3, "page": 1, "per_page": 1, "total_pages": 3}}
    assert get(at, f"/v1/collaborators/{people['ana'].public_id}") == {"data": ana}
    cai = get(at, f"/v1/collaborators/{people['cai'].public_id}/")["data"]
    assert (cai["external_id"], cai["role"], cai["team_id"]) == (None, None, None)


def test_people_are_filtered_and_sorted(at, people):
    red = people["red"].public_id
    assert names(at) == ["Ana", "Bia", "Caí %"]
    assert names(at, "?sort=-email") == ["Caí %", "Bia", "Ana"]
    assert names(at, "?email=%20ANA@example.com") == ["Ana"]
    assert names(at, "?external_id=e-1") == ["Ana"]
    assert names(at, f"?team_id={red}") == ["Ana", "Bia"]
    assert names(at, f"?team_id={red}&is_active=true") == ["Ana"]
    assert names(at, "?is_active=false") == ["Bia"]
    assert names(at, "?search=an") == ["Ana"]
    assert names(at, "?search=CA%C3%AD%20%25") == ["Caí %"]
    assert names(at, "?search=%25") == []
    assert names(at, "?page=2&per_page=2") == ["Caí %"]
    assert names(at, "?page=99") == []


def test_teams_are_shown_with_their_active_people(at, people):
    answer = get(at, "/v1/teams?sort=-name")
    assert [(row["name"], row["people"]) for row in answer["data"]] == [("Red", 1), ("Blue", 0)]
    assert answer["meta"] == {"total": 2, "page": 1, "per_page": 25, "total_pages": 1}
    red = answer["data"][0]
    assert (set(red), red["id"]) == ({"id", "name", "people", "created_at"}, str(people["red"].public_id))
    assert get(at, f"/v1/teams/{red['id']}") == {"data": red}
    assert [row["name"] for row in get(at, "/v1/teams?search=bl")["data"]] == ["Blue"]


@pytest.mark.parametrize("path", PATHS)
def test_an_id_that_is_malformed_unknown_or_of_another_tenant_is_the_same_404(at, people, globex, path):
    with tenant_context(globex):
        stranger = Collaborator.objects.get()
    other = stranger.public_id if path == PATHS[0] else stranger.team.public_id
    for unknown in ("7", "%00", "a" * 300, uuid.uuid4(), other):
        answer = at.send(method="GET", path=f"{path}/{unknown}")
        assert refusal(answer) == (404, "NOT_FOUND", "Not found")
        assert "X-RateLimit-Remaining" in answer
    assert refusal(at.send(method="GET", path=f"{path}/7/8"))[0] == 404
    with tenant_context(globex):
        assert names(at, f"?team_id={stranger.team.public_id}") == names(at, f"?team_id={uuid.uuid4()}") == []


def test_a_record_that_was_merged_into_another_is_not_there(at, people, acme):
    with tenant_context(acme):
        merged = Collaborator.objects.get(name="Ana again")
    assert refusal(at.send(method="GET", path=f"/v1/collaborators/{merged.public_id}"))[0] == 404


@pytest.mark.parametrize("path", PATHS)
def test_bad_parameters_are_named(at, people, path):
    assert [row["field"] for row in details(at.send(method="GET", path=f"{path}?page=0&colour=red&sort=points"))] == [
        "page",
        "colour",
        "sort",
    ]


@pytest.mark.parametrize("path", [*PATHS, f"{PATHS[0]}/{uuid.UUID(int=1)}", f"{PATHS[1]}/{uuid.UUID(int=1)}"])
def test_only_a_key_that_may_read_reads_and_nobody_writes(acme, globex, path):
    answer = door(acme).send(method="GET", path=path)
    assert refusal(answer) == (403, "FORBIDDEN", "The API key lacks the scope leads:read")
    assert refusal(door(acme, scopes=[Scope.LEADS_READ]).send({}, method="POST", path=path))[0] == 405
    head = door(acme, scopes=[Scope.LEADS_READ]).send(method="HEAD", path=path)
    assert (head.status_code, head["Allow"], head.content) == (405, "GET", b"")


@pytest.mark.parametrize("path", PATHS)
def test_a_list_costs_the_same_statements_whatever_its_length(at, people, acme, path):
    def cost():
        with CaptureQueriesContext(connection) as captured:
            answer = at.send(method="GET", path=path)
        assert logged(answer).action
        return len(captured)

    get(at, path)
    few = cost()
    for number in range(20):
        CollaboratorFactory(tenant=acme, name=f"Zoe {number}", team=TeamFactory(tenant=acme))
    assert cost() == few
