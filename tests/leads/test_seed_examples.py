"""Every example of the product's documentation, sent from its own words and answered in its own words."""

import json
import re
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from leads.api.leads import LEADS
from leads.api.payload import CONVERSION, LEAD
from leads.models import Deal, Lead
from leads.models.lead import LeadStatus
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory
from tests.seed import leads as seed

LIST = seed.section("List Leads", until="Get a Lead")
GET = seed.section("Get a Lead", until="Create a Lead")
CREATE = seed.section("Create a Lead", until="Update a Lead")
UPDATE = seed.section("Update a Lead", until="Delete a Lead")
CONVERT = seed.section("Convert a Lead", until="Next Steps")
SHOWN = seed.answer(LIST)
MARIA = SHOWN["data"][0]


def send(at, text):
    """The request as the documentation's command sends it, with a real key in the place of the example's."""
    shown = seed.curl(text)
    assert shown.headers["Authorization"] == f"Bearer {seed.YOUR_TOKEN}"
    address = urlsplit(shown.url)
    return at.ask(
        shown.method,
        address.path.removeprefix("/v1/"),
        shown.body.encode() if shown.body else None,
        QUERY_STRING=address.query,
    )


@pytest.fixture
def maria(acme, at):
    """The lead of the documentation, ids and times to the letter."""
    team = TeamFactory(tenant=acme, public_id=MARIA["team_id"])
    owner = CollaboratorFactory(tenant=acme, public_id=MARIA["owner_id"], team=team)
    written = {name: value for name, value in MARIA.items() if name not in ("id", "team_id", "owner_id")}
    with tenant_context(acme):
        return Lead.objects.create(public_id=MARIA["id"], owner=owner, **written)


def test_the_documentation_has_what_is_tested_here():
    assert seed.TEXT.count("curl ") == 5
    assert seed.endpoints() == [
        ("GET", "/v1/leads"),
        ("GET", "/v1/leads/:id"),
        ("POST", "/v1/leads"),
        ("PATCH", "/v1/leads/:id"),
        ("DELETE", "/v1/leads/:id"),
        ("POST", "/v1/leads/:id/convert"),
    ]


def test_the_list_is_answered_to_the_letter(acme, globex, at, maria):
    for number in range(44):
        at.create(name=f"Lead {number}", email=f"lead{number}@example.com", status="qualified")
    with tenant_context(acme):
        Lead.objects.exclude(pk=maria.pk).update(created_at="2025-01-01T00:00:00Z")

    response = send(at, LIST)

    assert response.status_code == 200
    answer = response.json()
    assert list(answer) == ["data", "meta"]
    assert (answer["meta"], list(answer["meta"])) == (SHOWN["meta"], list(SHOWN["meta"]))
    assert (answer["data"][0], list(answer["data"][0])) == (MARIA, list(MARIA))
    assert len(answer["data"]) == 10


def test_a_lead_is_answered_whole(at, globex, maria):
    at.patch({"id": MARIA["id"]}, status="contacted")

    response = send(at, GET)

    assert response.status_code == 200
    lead = response.json()["data"]
    history = lead.pop("activity_history")
    assert lead == MARIA | {"status": "contacted", "updated_at": lead["updated_at"]}
    assert [(entry["type"], entry["changes"]) for entry in history] == [
        ("lead.updated", {"status": {"from": "qualified", "to": "contacted"}})
    ]


def test_a_lead_is_created(acme, globex, at):
    sent = json.loads(seed.curl(CREATE).body)

    response = send(at, CREATE)

    assert response.status_code == 201
    lead = response.json()["data"]
    assert list(lead) == list(MARIA)
    assert response["Location"] == f"/v1/leads/{UUID(lead['id'])}"
    assert {name: lead[name] for name in sent} == sent
    assert {name: lead[name] for name in ("status", "position", "owner_id", "team_id")} == {
        "status": "new",
        "position": None,
        "owner_id": None,
        "team_id": None,
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", lead["created_at"])
    assert lead["updated_at"] == lead["created_at"]
    assert at.ask("GET", response["Location"].removeprefix("/v1/")).json()["data"]["email"] == "carlos@example.com"
    with tenant_context(globex):
        assert not Lead.objects.filter(email="carlos@example.com").exists()


def test_the_same_email_again_is_a_conflict(at, globex):
    first = send(at, CREATE).json()["data"]

    response = send(at, CREATE)

    assert (response.status_code, response.json()["error"]["code"]) == (409, "CONFLICT")
    assert [row["id"] for row in response.json()["error"]["details"]] == [first["id"]]


def test_only_what_is_sent_is_updated(at, globex, maria):
    response = send(at, UPDATE)

    assert response.status_code == 200
    lead = response.json()["data"]
    assert lead == MARIA | {"updated_at": lead["updated_at"]} | {"status": "qualified"}
    assert lead["custom_fields"] == {"company_size": "50-200", "industry": "Technology"}


def test_a_lead_is_deleted_for_good(acme, at, globex, maria):
    response = at.ask("DELETE", f"leads/{MARIA['id']}")

    assert (response.status_code, response.content) == (204, b"")
    assert "Content-Type" not in response.headers
    assert send(at, GET).status_code == 404
    with tenant_context(acme):
        assert (Lead.objects.count(), Collaborator.objects.count()) == (0, 1)


def test_a_lead_is_converted_to_a_deal(acme, at, globex, maria):
    response = send(at, CONVERT)

    assert response.status_code == 200
    data = response.json()["data"]
    assert list(data) == ["lead", "deal"]
    lead, deal = data["lead"], data["deal"]
    assert lead == MARIA | {"status": "converted", "updated_at": lead["updated_at"]}
    assert (deal["name"], deal["value"], deal["expected_close_date"]) == ("Maria Santos", 25000, "2026-06-30")
    assert (deal["lead_id"], deal["owner_id"], deal["team_id"]) == (MARIA["id"], MARIA["owner_id"], MARIA["team_id"])
    first = at.page("stages")["data"][0]
    assert (deal["stage_id"], deal["status"]) == (first["id"], "open")
    with tenant_context(acme):
        assert Deal.objects.get().lead == maria


# The tables of parameters and fields


def test_every_parameter_of_the_list_is_there_and_as_told():
    told = {name: (kind, meaning) for name, kind, _required, meaning in seed.rows(LIST)}
    offered = LEADS.parameters

    assert list(told) == list(offered)
    assert told["page"][1] == "Page number (default: 1)"
    assert offered["page"].schema["default"] == 1
    assert told["per_page"][1] == "Results per page (default: 25, max: 100)"
    assert (offered["per_page"].schema["default"], offered["per_page"].schema["maximum"]) == (25, 100)
    assert told["status"][1] == "Filter by status: " + ", ".join(LeadStatus.values)
    assert {name for name, (kind, _) in told.items() if kind == "UUID"} == {"owner_id", "team_id"}


def test_every_field_of_a_new_lead_is_there():
    told = {name: required for name, _kind, required, _meaning in seed.rows(CREATE) if required}

    assert set(told) == set(LEAD) - {"status"}
    assert {name for name, required in told.items() if required == "Yes"} == {"name", "email"}


def test_every_field_of_a_conversion_is_there_and_optional():
    told = {name: required for name, _kind, required, _meaning in seed.rows(CONVERT) if required}

    assert told == dict.fromkeys(CONVERSION, "No")
