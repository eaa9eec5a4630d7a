"""Whatever id the API takes, in a path, a filter or a body: another tenant's answers as one that nobody has."""

import json
import uuid
from urllib.parse import urlencode

import pytest

from missions.models import Mission
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from tests.door import token_of
from tests.factories import CollaboratorFactory, MissionFactory, TeamFactory
from tests.leads.conftest import leads_door

UNKNOWN = "01890000-0000-7000-8000-0000deadbeef"
BODIES = {"name": "Zoe", "email": "zoe@example.com"}
"""What a body must have beside the id."""


def places(schema):
    """Each place of the served schema where an id stands: method, path, where it is sent, its name."""

    def resolved(part):
        while "$ref" in part:
            found = schema
            for step in part["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            part = found
        return part

    for path, methods in schema["paths"].items():
        for method, operation in methods.items():
            parameters = map(resolved, [*methods.get("parameters", []), *operation.get("parameters", [])])
            for parameter in parameters:
                schema_of = resolved(parameter.get("schema", {}))
                if schema_of.get("format") == "uuid" or (parameter["in"] == "path" and parameter["name"] == "id"):
                    yield method.upper(), path, parameter["in"], parameter["name"]
            for content in resolved(operation.get("requestBody", {})).get("content", {}).values():
                for name, field in resolved(content["schema"]).get("properties", {}).items():
                    if resolved(field).get("format") == "uuid" and not resolved(field).get("readOnly"):
                        yield method.upper(), path, "body", name


def inhabit(tenant):
    """A lead with a deal, whose owner is in a team, and a mission. Ids by what they name."""
    person = CollaboratorFactory(tenant=tenant, team=TeamFactory(tenant=tenant))
    mission = MissionFactory(tenant=tenant)
    at = leads_door(tenant)
    lead = at.create(owner_id=str(person.public_id))
    open_lead = at.create(email="open@example.com", owner_id=str(person.public_id))
    deal = at.convert(lead)["deal"]
    return {
        "leads": open_lead["id"],
        "deals": deal["id"],
        "stages": deal["stage_id"],
        "stage_id": deal["stage_id"],
        "collaborators": str(person.public_id),
        "owner_id": str(person.public_id),
        "collaborator_id": str(person.public_id),
        "teams": str(person.team.public_id),
        "team_id": str(person.team.public_id),
        "lead_id": lead["id"],
        "mission_id": str(mission.public_id),
    }


@pytest.fixture
def ours(acme):
    return inhabit(acme)


@pytest.fixture
def theirs(globex):
    return inhabit(globex)


@pytest.fixture
def ask(acme, client):
    token = token_of(acme, scopes=Scope.values, hourly_limit=1_000_000)

    def ask(method, path, query, body):
        content = json.dumps(body).encode() if body is not None else b""
        answer = client.generic(
            method,
            path + (f"?{urlencode(query)}" if query else ""),
            content,
            content_type="application/json",
            headers={"authorization": f"Bearer {token}"},
        )
        return answer.status_code, answer.content.decode()

    return ask


def test_a_foreign_id_is_an_unknown_one_wherever_it_is_sent(globex, ask, ours, theirs, client):
    schema = client.get("/api/schema").json()
    found = sorted(set(places(schema)))
    before = everything(globex)

    for method, path, where, name in found:
        sought = path.split("/")[2] if where == "path" else name

        def answer(value, method=method, path=path, where=where, name=name):
            in_path = value if where == "path" else ours[path.split("/")[2]] if "{id}" in path else ""
            body = {name: value} if where == "body" else {}
            if method == "POST" and path == "/v1/leads":
                body |= BODIES | {"email": f"zoe{uuid.uuid4().hex}@example.com"}
            status, text = ask(
                method,
                path.replace("{id}", in_path),
                {name: value} if where == "query" else {},
                body if method in ("POST", "PATCH") else None,
            )
            return status, text.replace(value, "ID")

        unknown, foreign = answer(UNKNOWN), answer(theirs[sought])
        assert foreign == unknown, (method, path, where, name)
        assert (unknown[0] < 300) == (where == "query"), (method, path, where, name, unknown)
        # The test could tell: with an id of one's own something else is answered.
        if method != "DELETE":
            assert answer(ours[sought]) != unknown, (method, path, where, name)

    assert everything(globex) == before
    assert {(method, path, name) for method, path, _where, name in found} >= {
        ("GET", "/v1/leads", "owner_id"),
        ("GET", "/v1/leads", "team_id"),
        ("POST", "/v1/leads", "owner_id"),
        ("GET", "/v1/leads/{id}", "id"),
        ("PATCH", "/v1/leads/{id}", "id"),
        ("PATCH", "/v1/leads/{id}", "owner_id"),
        ("DELETE", "/v1/leads/{id}", "id"),
        ("POST", "/v1/leads/{id}/convert", "id"),
        ("POST", "/v1/leads/{id}/convert", "stage_id"),
        ("GET", "/v1/deals", "owner_id"),
        ("GET", "/v1/deals", "stage_id"),
        ("GET", "/v1/deals/{id}", "id"),
        ("PATCH", "/v1/deals/{id}", "id"),
        ("PATCH", "/v1/deals/{id}", "stage_id"),
    }


def everything(tenant):
    """What the tenant's own door shows."""
    at = leads_door(tenant)
    shown = {path: at.page(path, per_page=100) for path in ("leads", "deals", "stages")}
    with tenant_context(tenant):
        return shown, [at.page(f"leads/{lead['id']}") for lead in shown["leads"]["data"]], Mission.objects.count()
