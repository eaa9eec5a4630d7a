"""Every example of the product's documentation, posted from its own words and answered in its own words."""

import json
import re
from datetime import datetime
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from missions.models import Activity, Score
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests import seed
from tests.door import Door, door, issue, person, refusal
from tests.factories import MappingFactory, MissionFactory

QUICK_START = seed.section("Quick Start", until="Authentication")
FULL_TEAM = seed.section("Example: Sync a full team", until="Example: Partial failures in a batch")
PARTIAL_FAILURES = seed.section("Example: Partial failures in a batch", until="Action: sync_activities")
A_DAY = seed.section("Example: Send a day’s worth of activities", until="Response fields explained")
MIXED = seed.section("Example: Mixed results (some skipped, some duplicates)", until="Activity Codes (001-999)")
IDEMPOTENCY = seed.section("Idempotency", until="Error Handling")
INVALID = seed.section("Example: Validation error with details", until="Example: Rate limit exceeded")
RATE_LIMIT = seed.section("Example: Rate limit exceeded", until="Example: Invalid API key")
INVALID_KEY = seed.section("Example: Invalid API key", until="Complete Code Examples")
COMPLETE = seed.section("Complete Code Examples", until="Best Practices")
REAL_ESTATE = seed.section("Activity Codes (001-999)", until="Example mapping for a SaaS company:")
SAAS = seed.section("Example mapping for a SaaS company:", until="Idempotency")

TEAM = [("maria", "Maria Santos"), ("joao", "Joao Silva"), ("ana", "Ana Oliveira")]


@pytest.fixture
def acme_door(acme, globex):
    return door(acme)


def post(at: Door, curl: seed.Curl):
    """The request as the documentation's command sends it, with a real key in the place of the example's."""
    headers = {name: value.replace(seed.YOUR_KEY, at.token) for name, value in curl.headers.items()}
    headers = {name: value.replace("$SALESOS_KEY", at.token) for name, value in headers.items()}
    content_type = headers.pop("Content-Type")
    path = urlsplit(curl.url.replace("$SALESOS_URL", re.search('SALESOS_URL="(.*)"', seed.TEXT)[1])).path
    assert (curl.method, path) == ("POST", "/functions/v1/default-integration")
    return at.client.generic("POST", path, curl.body.encode(), content_type=content_type, headers=headers)


def assert_answer(response, shown: dict) -> None:
    """A success, equal to the one shown field by field; request id and time by their shape."""
    assert response.status_code == 200
    body = response.json()
    assert list(body) == ["data", "meta"]
    assert body["data"] == shown["data"]
    assert list(body["data"]) == list(shown["data"])
    assert list(body["meta"]) == ["request_id", "timestamp"]
    assert str(UUID(body["meta"]["request_id"])) == response["X-Request-ID"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", body["meta"]["timestamp"])
    if "meta" in shown:
        assert list(shown["meta"]) == list(body["meta"])


def register(at: Door, domain: str) -> None:
    at.people(*[person(n, name=name, email=f"{local}@{domain}") for n, (local, name) in enumerate(TEAM)])


def test_the_documentation_has_the_examples_that_are_tested_here():
    assert len(seed.curls(seed.TEXT)) == 8
    assert len(seed.answers(seed.TEXT)) == 12
    assert seed.TEXT.count("curl ") == 8


def test_the_quick_start_registers_the_team_and_records_its_activities(acme, globex, acme_door):
    (team, day), (registered, recorded) = seed.curls(QUICK_START), seed.answers(QUICK_START)
    assert_answer(post(acme_door, team), registered)
    assert_answer(post(acme_door, day), recorded)
    with tenant_context(acme):
        assert list(
            Collaborator.objects.order_by("external_id").values_list(
                "external_id", "name", "email", "team__name", "role"
            )
        ) == [
            ("emp-101", "Maria Santos", "maria@yourcompany.com", "Sales Team A", "sales_rep"),
            ("emp-102", "Joao Silva", "joao@yourcompany.com", "Sales Team A", "sales_rep"),
            ("emp-103", "Ana Oliveira", "ana@yourcompany.com", "Sales Team B", "team_lead"),
        ]
        # “Maria got 2 activities (two phone calls) and Joao got 1 (a meeting).”
        assert list(Activity.objects.order_by("external_id").values_list("collaborator__name", "code")) == [
            ("Maria Santos", "001"), ("Joao Silva", "002"), ("Maria Santos", "001"),
        ]  # fmt: skip
        assert Activity.objects.get(external_id="crm-evt-10001").data == {"client": "Acme Corp", "duration_min": 12}
        assert Activity.objects.get(external_id="crm-evt-10001").occurred_at == datetime.fromisoformat(
            "2026-03-17T09:15:00Z"
        )
    with tenant_context(globex):
        assert (Collaborator.objects.count(), Activity.objects.count()) == (0, 0)


def test_the_full_team_example_creates_two_and_updates_ana(acme, acme_door):
    (curl,), (shown,) = seed.curls(FULL_TEAM), seed.answers(FULL_TEAM)
    acme_door.people({"external_id": "old-ana", "name": "Ana", "email": "ana@yourcompany.com"})
    assert_answer(post(acme_door, curl), shown)
    with tenant_context(acme):
        maria, ana = (
            Collaborator.objects.select_related("team").get(email=f"{name}@yourcompany.com")
            for name in ("maria", "ana")
        )
        assert (maria.phone, maria.document, maria.team.name, maria.role) == (
            "+5511999001001",
            "12345678901",
            "Equipe Vendas SP",
            "vendedor",
        )
        assert maria.metadata == {"crm_id": "CRM-2001", "hire_date": "2024-06-15"}
        assert (ana.external_id, ana.name, ana.team.name, ana.role) == (
            "emp-103",
            "Ana Oliveira",
            "Equipe Vendas RJ",
            "gerente",
        )
        assert ana.metadata == {"crm_id": "CRM-2003", "is_manager": True}


def test_the_partial_failure_example_fails_one_of_ten_in_its_words(acme_door):
    (shown,) = seed.answers(PARTIAL_FAILURES)
    acme_door.people(person(101))
    batch = [person(n) for n in range(101, 110)] + [person(110, email="invalid-email")]
    assert acme_door.people(*batch) == shown["data"]


def test_the_day_example_is_processed_whole(acme, acme_door):
    (curl,), (shown,) = seed.curls(A_DAY), seed.answers(A_DAY)
    register(acme_door, "yourcompany.com")
    assert_answer(post(acme_door, curl), shown)
    sent = {item["external_id"]: item for item in json.loads(curl.body)["activities"]}
    with tenant_context(acme):
        for recorded in Activity.objects.select_related("collaborator"):
            item = sent.pop(recorded.external_id)
            assert (recorded.code, recorded.collaborator.email) == (item["activity_code"], item["collaborator_email"])
            assert recorded.data == item["data"]
            assert recorded.occurred_at == datetime.fromisoformat(item["occurred_at"])
    assert sent == {}


def test_the_mixed_example_counts_a_skipped_one_and_two_duplicates(acme_door):
    (day,), (shown,) = seed.curls(A_DAY), seed.answers(MIXED)
    acme_door.people(*[person(n, email=f"{local}@yourcompany.com") for n, (local, _) in enumerate(TEAM[:2])])
    activities = json.loads(day.body)["activities"]  # the last one is ana's, who is not registered here
    acme_door.activities(*activities[:2])
    assert_answer(post(acme_door, day), shown)


def test_the_idempotency_example_is_processed_once(acme, acme_door):
    (curl,), (first, second) = seed.curls(IDEMPOTENCY), seed.answers(IDEMPOTENCY)
    register(acme_door, "yourcompany.com")
    assert_answer(post(acme_door, curl), first)
    assert_answer(post(acme_door, curl), second)
    with tenant_context(acme):
        assert Activity.objects.count() == 1


def test_the_validation_example_is_refused_to_the_letter(acme, acme_door):
    (curl,), (shown,) = seed.curls(INVALID), seed.answers(INVALID)
    register(acme_door, "co.com")
    response = post(acme_door, curl)
    assert (response.status_code, response.json()) == (400, shown)
    with tenant_context(acme):
        assert Activity.objects.count() == 0


def test_the_rate_limit_example_has_the_shape_that_is_shown(acme, globex):
    (shown,) = seed.answers(RATE_LIMIT)
    limited = door(acme, hourly_limit=1)
    limited.people()
    response = limited.send({"action": "sync_collaborators", "collaborators": []})
    assert refusal(response) == (429, shown["error"]["code"], shown["error"]["message"])
    error = response.json()["error"]
    assert set(error) == set(shown["error"])
    assert 1 <= error["retry_after"] <= 3600
    assert response["Retry-After"] == str(error["retry_after"])


def test_the_invalid_key_example_is_answered_to_the_letter(acme, globex):
    (shown,) = seed.answers(INVALID_KEY)
    response = Door(seed.YOUR_KEY).send({})
    assert (response.status_code, response.json()) == (401, shown)


def test_the_complete_example_runs(acme_door):
    team, day = seed.curls(COMPLETE)
    assert post(acme_door, team).json()["data"] == {"created": 3, "existing": 0, "errors": [], "total": 3}
    assert post(acme_door, day).json()["data"] == {
        "processed": 5,
        "skipped": 0,
        "duplicates": 0,
        "errors": [],
        "total": 5,
    }


def test_every_error_has_the_documented_format(acme_door):
    shown = seed.answers(seed.section("Error Response Format", until="Error Codes Reference"))[0]
    response = acme_door.send(b"[")
    assert list(response.json()["error"]) == list(shown["error"])


@pytest.mark.parametrize("table", [REAL_ESTATE, SAAS], ids=["real estate", "SaaS"])
def test_a_mapping_table_of_the_documentation_leads_to_its_points(acme, globex, acme_door, table):
    rows = seed.mappings(table)
    assert len(rows) == {REAL_ESTATE: 7, SAAS: 5}[table]
    for code, mission, points in rows:
        MappingFactory(tenant=acme, code=code, mission=MissionFactory(tenant=acme, name=mission), points=points)
        MappingFactory(tenant=globex, code=code, mission=MissionFactory(tenant=globex, name=mission), points=points + 1)
    acme_door.people(person(1))
    sent = [
        {"activity_code": code, "external_id": f"{code}-{n}", "collaborator_email": "person1@example.com"}
        for n, (code, _mission, _points) in enumerate(rows + rows)
    ]
    assert acme_door.activities(*sent)["processed"] == 2 * len(rows)
    with tenant_context(acme):
        assert sorted(Score.objects.values_list("mission__name", "points", "completions")) == sorted(
            (mission, 2 * points, 2) for _code, mission, points in rows
        )
        completions = Activity.objects.completions().values_list("code", "mission__name", "points")
        assert sorted(completions) == sorted(rows + rows)
    with tenant_context(globex):
        assert Score.objects.count() == 0


def test_a_key_looks_as_documented(acme, globex):
    assert issue(acme).token.startswith("sk_live_")
    assert issue(acme.sandbox).token.startswith("sk_test_")
