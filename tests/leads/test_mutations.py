"""Requests with a wrong thing in each of their places: never an error of ours, and every answer as documented."""

import json
import random
from urllib.parse import quote

import pytest

from leads.api.examples import CARLOS
from salesos.api.openapi import document
from tests.door import logged
from tests.integrations.test_mutations import WRONG, places, with_wrong, without
from tests.salesos.api.test_openapi import faults, resolved

UNKNOWN = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture(scope="module")
def spec():
    return json.loads(document("http://testserver").body)


@pytest.fixture
def answered(at, spec, acme):
    """Sends a request, and holds the answer against the reference: status, headers, body."""

    def send(method, path, template, **options):
        response = at.ask(method, path, **options)
        operation = spec["paths"][f"/v1/{template}"][method.lower()]
        assert str(response.status_code) in operation["responses"], (method, path, options, response.content)
        documented = resolved(spec, operation["responses"][str(response.status_code)])
        if "content" in documented:
            schema = documented["content"]["application/json"]["schema"]
            assert faults(spec, schema, response.json()) == [], (method, path, options)
        else:
            assert response.content == b""
        told = [name for name, header in documented["headers"].items() if resolved(spec, header)["required"]]
        assert [name for name in told if name not in response.headers] == []
        assert response.status_code < 500
        row = logged(response)
        assert (row.tenant_id, bool(row.action)) == (acme.pk, True)
        return response

    return send


def test_good_answers_are_as_documented(at, answered, ana):
    lead = answered("POST", "leads", "leads", body=CARLOS | {"owner_id": str(ana.public_id)}).json()["data"]
    path = f"leads/{lead['id']}"
    for status in (201, 409):
        response = answered("POST", "leads", "leads", body=CARLOS | {"email": "other@example.com"})
        assert response.status_code == status
    answered("PATCH", path, "leads/{id}", body={"status": "qualified", "custom_fields": {"a": 1}})
    answered("PATCH", path, "leads/{id}", body={"name": "X"}, headers={"if-match": '"v1"'})
    answered("GET", path, "leads/{id}")
    answered("GET", "leads", "leads")
    for status in (200, 409):
        converted = answered("POST", f"{path}/convert", "leads/{id}/convert", body={"deal_value": 10.5})
        assert converted.status_code == status
    [deal] = answered("GET", "deals", "deals").json()["data"]
    stages = answered("GET", "stages", "stages").json()["data"]
    answered("PATCH", f"deals/{deal['id']}", "deals/{id}", body={"stage_id": stages[4]["id"], "close_reason": "Y"})
    answered("GET", f"deals/{deal['id']}", "deals/{id}")
    answered("DELETE", path, "leads/{id}")
    answered("GET", path, "leads/{id}")


BODIES = {
    ("POST", "leads"): CARLOS | {"owner_id": None, "status": "new", "position": "CTO", "id": "1"},
    ("PATCH", "leads/{id}"): CARLOS | {"owner_id": UNKNOWN, "status": "new", "position": None, "team_id": UNKNOWN},
    ("POST", "leads/{id}/convert"): {
        "deal_name": "X",
        "deal_value": 5,
        "stage_id": UNKNOWN,
        "expected_close_date": "2026-06-30",
    },
    ("PATCH", "deals/{id}"): {
        "name": "X",
        "value": 5,
        "stage_id": UNKNOWN,
        "owner_id": None,
        "expected_close_date": "2026-06-30",
        "close_reason": "",
        "stage_history": [],
    },
}


@pytest.mark.parametrize(("method", "template"), BODIES, ids=" ".join)
def test_a_wrong_thing_anywhere_in_a_body(at, answered, method, template):
    body = BODIES[method, template]
    lead = at.create()
    deal = at.convert(at.create(email="deal@example.com"))["deal"]
    path = template.replace("{id}", (deal if "deals" in template else lead)["id"])
    changed = [with_wrong(body, place, wrong) for place in places(body) for wrong in WRONG.values()]
    changed += [without(body, place) for place in places(body) if place]
    changed += [body | {"\ud800": 1}, body | {"": 1}, body | {"x" * 5000: 1}, body | {"%s": {}}]

    statuses = {answered(method, path, template, body=json.dumps(each).encode()).status_code for each in changed}

    assert statuses <= {200, 201, 400, 409}
    assert 400 in statuses


STRANGE = ["", "0", "-1", "1e3", "9" * 30, "null", "true", "a\0b", "%", "'", '"', "\\", "é" * 300, "\u202e", "🙂", "()",
           "&|!:*<->", "2026-03-10T25:00", "0001-01-01", "9999-12-31", "2026-03-10T00:00:00+99:99", UNKNOWN, "-name",
           "new", "[]", "{}", "1;2", "\ud7ff", "\r\n", " "]  # fmt: skip


@pytest.mark.parametrize("template", ["leads", "deals", "stages"])
def test_a_strange_thing_in_any_parameter(at, answered, spec, template):
    at.create()
    names = [parameter["name"] for parameter in spec["paths"][f"/v1/{template}"]["get"]["parameters"]]
    queries = [f"{name}={quote(value)}" for name in [*names, "other", "%00"] for value in STRANGE]
    queries += [f"{name}=%ff" for name in names] + ["&&&", "=", "page=1&page=2", "x" * 4000]
    dice = random.Random(1)
    queries += ["&".join(dice.sample(queries, 3)) for _ in range(100)]

    statuses = {answered("GET", template, template, QUERY_STRING=query).status_code for query in queries}

    assert statuses == {200, 400}


@pytest.mark.parametrize("header", ["If-Match", "Idempotency-Key"])
@pytest.mark.parametrize("value", ["", '"', "x", "*", "W/", '"a","b', "é", "x" * 300, '"v1"', "\t"])
def test_a_strange_header(at, answered, header, value):
    lead = at.create()
    for method, template in (("PATCH", "leads/{id}"), ("POST", "leads/{id}/convert"), ("POST", "leads")):
        body = {"name": "X", "email": "x@example.com"} if template == "leads" else {}
        path = template.replace("{id}", lead["id"])
        answered(method, path, template, body=body, headers={header: value})


def test_every_method_that_is_not_there_is_refused(at, spec):
    for path, item in spec["paths"].items():
        if not path.startswith(("/v1/leads", "/v1/deals", "/v1/stages")):
            continue
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"} - {name.upper() for name in item}:
            response = at.ask(method, path.removeprefix("/v1/").replace("{id}", UNKNOWN))
            assert (response.status_code, response["Allow"]) == (405, ", ".join(sorted(item)).upper())
