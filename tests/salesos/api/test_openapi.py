"""The schema says what the API does: it is valid and whole, and real answers are as it documents them."""

import json
import re

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from integrations.default import examples
from integrations.default.payload import activities_of, people_of
from salesos.api.error_reference import ERRORS, ErrorCase, headers
from salesos.api.errors import ApiError, ValidationFailed
from salesos.api.openapi import Reference, document
from salesos.api.prose import Section
from salesos.keys import issue_key
from salesos.models import Collaborator
from salesos.scopes import Scope
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory

PATH = "/functions/v1/default-integration"


@pytest.fixture
def spec():
    return json.loads(document("http://testserver").body)


@pytest.fixture
def send(client, acme):
    """POST a body with a key of acme's; `key` holds what the key is to differ in."""

    def send(body, **key):
        issued = issue_key(acme, name="CRM", **{"scopes": [Scope.DEFAULT_SYNC], **key})
        return post(client, issued.token, body)

    return send


def post(client, token, body):
    text = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return client.post(PATH, text, content_type="application/json", headers={"Authorization": f"Bearer {token}"})


def faults(spec, schema, value):
    """What is wrong with `value`; a property that the schema does not name is a fault, too."""
    whole = {**closed(schema), "components": closed(spec["components"])}
    return [error.message for error in Draft202012Validator(whole).iter_errors(value)]


def closed(schema):
    if isinstance(schema, list):
        return [closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    parts = {name: closed(part) for name, part in schema.items()}
    return {"additionalProperties": False, **parts} if isinstance(schema.get("properties"), dict) else parts


def answered(spec, answer, documented=None):
    """An answer's JSON, once body and headers are as its documented response says."""
    if documented is None:
        documented = spec["paths"][PATH]["post"]["responses"][str(answer.status_code)]
    documented = resolved(spec, documented)
    needed = [name for name, header in documented["headers"].items() if resolved(spec, header)["required"]]
    assert [name for name in needed if name not in answer.headers] == []
    assert faults(spec, documented["content"]["application/json"]["schema"], answer.json()) == []
    return answer.json()


def resolved(spec, part):
    if "$ref" not in part:
        return part
    found = spec
    for step in part["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return found


def shown(spec, status):
    """The error bodies that the endpoint's response of `status` shows, in their order."""
    response = resolved(spec, spec["paths"][PATH]["post"]["responses"][str(status)])
    return [example["value"] for example in response["content"]["application/json"]["examples"].values()]


# The document


def test_the_schema_is_valid_openapi_3_1(spec):
    assert spec["openapi"] == "3.1.0"
    assert [error.message for error in OpenAPIV31SpecValidator(spec).iter_errors()] == []


def routes(resolver=None, prefix="/"):
    for entry in (resolver or get_resolver()).url_patterns:
        here = prefix + str(entry.pattern).removeprefix("^").removesuffix("$").removesuffix("/?")
        if isinstance(entry, URLResolver):
            yield from routes(entry, here)
        elif isinstance(entry, URLPattern) and here.startswith(django_settings.API_PREFIXES):
            yield re.sub(r"<\w+:(\w+)>", r"{\1}", here.rstrip("/")), entry.callback


def test_every_route_of_the_api_is_in_the_schema_and_the_other_way_round(spec):
    served = {
        (path, method.lower())
        for path, view in routes()
        for method in (view.view_class.scopes if hasattr(view, "view_class") else ["GET"])
    }

    assert {(path, method) for path, item in spec["paths"].items() for method in item} == served


def test_every_operation_names_the_scope_that_its_view_asks_for(spec):
    asked = {
        (path, method.lower()): [{"apiKey": [scope.value]}]
        for path, view in routes()
        for method, scope in getattr(getattr(view, "view_class", None), "scopes", {}).items()
    }

    assert {
        (path, method): operation["security"]
        for path, item in spec["paths"].items()
        for method, operation in item.items()
        if operation["security"]
    } == asked


def examples_in(part, place="#"):
    """(place, schema, value) of every example below `part`."""
    if isinstance(part, list):
        part = dict(enumerate(part))
    if not isinstance(part, dict):
        return
    if isinstance(part.get("schema"), dict):
        for name, example in part.get("examples", {}).items():
            yield f"{place}/{name}", part["schema"], example["value"]
        if "example" in part:
            yield place, part["schema"], part["example"]
    elif isinstance(part.get("examples"), list):
        for value in part["examples"]:
            yield place, {name: rule for name, rule in part.items() if name != "examples"}, value
    for name, child in part.items():
        if name not in ("example", "examples"):
            yield from examples_in(child, f"{place}/{name}")


def test_every_example_is_as_its_schema_says(spec):
    found = list(examples_in(spec))

    assert len(found) > 30
    assert [(place, faults(spec, schema, value)) for place, schema, value in found if faults(spec, schema, value)] == []


def test_the_counts_of_every_example_add_up():
    for example in examples.EXAMPLES.values():
        counts = {
            name: len(value) if isinstance(value, list) else value for name, value in example.answer["data"].items()
        }
        assert counts.pop("total") == sum(counts.values()), example.summary


def test_each_status_is_one_error_with_a_code_of_its_own():
    told = [(case.status, case.code) for case in ERRORS]

    assert told == [
        (400, "VALIDATION_ERROR"),
        (401, "UNAUTHORIZED"),
        (403, "FORBIDDEN"),
        (404, "NOT_FOUND"),
        (405, "METHOD_NOT_ALLOWED"),
        (409, "CONFLICT"),
        (412, "PRECONDITION_FAILED"),
        (413, "PAYLOAD_TOO_LARGE"),
        (429, "RATE_LIMITED"),
        (500, "INTERNAL_ERROR"),
        (503, "SERVICE_UNAVAILABLE"),
    ]


class Gone(ApiError):
    status, code = 410, "GONE"


def invoices_reference(server):
    """An API that the core has never heard of."""
    answer = {"description": "An invoice", "content": {"application/json": {"schema": {"type": "object"}}}}
    gone = ErrorCase("Gone", "It was here once.", "Forget it.", [("Gone", Gone("Gone"))])
    return Reference(
        tag="Invoices",
        title="Invoices",
        description="Invoices.",
        paths={
            "/v1/invoices/{id}": {
                "get": {
                    "operationId": "getInvoice",
                    "summary": "An invoice",
                    "tags": ["Invoices"],
                    "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                    "responses": {"200": answer, "410": {"$ref": "#/components/responses/Gone"}},
                }
            }
        },
        schemas={"Invoice": {"type": "object"}},
        quick_start=Section("invoices-quick-start", "Invoices in a minute", ["Read one."]),
        errors=[gone],
    )


def test_another_api_package_joins_by_its_dotted_name_alone(settings):
    settings.API_REFERENCE = [*settings.API_REFERENCE, f"{__name__}.invoices_reference"]

    spec = json.loads(document("https://two.example").body)

    operation = spec["paths"]["/v1/invoices/{id}"]["get"]
    assert [error.message for error in OpenAPIV31SpecValidator(spec).iter_errors()] == []
    assert [tag["name"] for tag in spec["tags"]] == [
        "Default integration",
        "Leads",
        "Collaborators and teams",
        "Leaderboard",
        "Invoices",
        "Reference",
    ]
    assert sorted(operation["responses"]) == ["200", "401", "403", "404", "405", "410", "429", "500", "503"]
    assert operation["responses"]["200"]["headers"] == headers(
        ["X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset"]
    )


# How it is served


def test_anybody_gets_the_schema_of_the_address_they_asked(client):
    answer = client.get("/api/schema")

    assert (answer.status_code, answer["Content-Type"]) == (200, "application/json")
    assert answer.json()["servers"] == [{"url": "http://testserver", "description": "This installation"}]
    assert client.get("/api/schema/").content == answer.content
    assert client.get("/api/schema", headers={"Host": "localhost:8000"}).json()["servers"][0]["url"] == (
        "http://localhost:8000"
    )


def test_a_schema_that_has_not_changed_is_not_sent_again(client):
    etag = client.get("/api/schema")["ETag"]

    again = client.get("/api/schema", headers={"If-None-Match": etag})
    other = client.get("/api/schema", headers={"If-None-Match": '"another"'})

    assert (again.status_code, again.content, again["ETag"]) == (304, b"", etag)
    assert (other.status_code, other["ETag"]) == (200, etag)


@pytest.mark.parametrize("path", ["/api/schema", "/api/docs"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_the_reference_can_only_be_read(spec, path, method):
    answer = Client(enforce_csrf_checks=True).generic(method, path)

    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")
    answered(spec, answer, spec["components"]["responses"]["MethodNotAllowed"])


def test_an_address_that_is_not_ours_is_refused_in_the_envelope(client, spec):
    answer = client.get("/api/schema", headers={"Host": "evil.example"})

    assert answer.status_code == 400
    assert answered(spec, answer, spec["components"]["responses"]["InvalidRequest"]) == {
        "error": {"code": "VALIDATION_ERROR", "message": "Bad request"}
    }


# Real answers


def test_the_documented_requests_get_the_documented_answers(spec, send, acme, globex):
    CollaboratorFactory(tenant=acme, email="ana@yourcompany.com", external_id="emp-103")
    CollaboratorFactory(tenant=globex, email="maria@yourcompany.com", external_id="emp-101")

    for example in examples.EXAMPLES.values():
        if example.request:
            answer = send(example.request)
            assert answered(spec, answer)["data"] == example.answer["data"]
            assert [name for name in answer.headers if name.startswith("X-RateLimit")] == [
                "X-RateLimit-Limit",
                "X-RateLimit-Remaining",
                "X-RateLimit-Reset",
            ]
    with tenant_context(globex):
        assert Collaborator.objects.count() == 1


def test_an_answer_with_errors_is_as_documented(spec, send, globex):
    bad = {"external_id": "emp-110", "name": "Rui", "email": "invalid-email"}

    answer = answered(spec, send({"action": "sync_collaborators", "collaborators": [bad]}))

    assert answer["data"] == {
        "created": 0,
        "existing": 0,
        "errors": examples.EXAMPLES["partial_failure"].answer["data"]["errors"],
        "total": 1,
    }


@pytest.mark.parametrize(
    ("number", "body"),
    [
        *enumerate(
            [
                examples.BAD_BATCH,
                {"action": "sync"},
                {"action": "sync_activities", "activities": [{}] * 1001},
                '{"action": }',
                '{"action": "sync_activities", "activities": [{"data": {"amount": NaN}}]}',
            ]
        )
    ],
)
def test_a_bad_request_is_answered_as_the_schema_shows(spec, send, globex, number, body):
    answer = send(body)

    assert answer.status_code == 400
    assert answered(spec, answer) == shown(spec, 400)[number]


def test_an_unknown_key_is_answered_as_the_schema_shows(spec, client, acme, globex):
    answer = post(client, "sk_live_nobody", {})

    assert answer.status_code == 401
    assert [answered(spec, answer)] == shown(spec, 401)


@pytest.mark.parametrize(("number", "key"), [*enumerate([{"scopes": []}, {"allowlist": ["192.0.2.0/24"]}])])
def test_a_key_that_may_not_is_answered_as_the_schema_shows(spec, send, globex, number, key):
    answer = send(examples.DAY, **key)

    assert answer.status_code == 403
    assert answered(spec, answer) == shown(spec, 403)[number]


def test_an_unknown_path_is_answered_as_the_schema_shows(spec, client, acme, globex):
    answer = client.post("/functions/v1/nothing")
    documented = spec["components"]["responses"]["NotFound"]

    assert answer.status_code == 404
    assert answered(spec, answer, documented) == {"error": {"code": "NOT_FOUND", "message": "Not found"}}


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_another_method_is_answered_as_the_schema_shows(spec, client, acme, globex, method):
    answer = client.generic(method, PATH)

    assert answer.status_code == 405
    assert [answered(spec, answer)] == shown(spec, 405)


def test_a_large_body_is_answered_as_the_schema_shows(spec, send, settings, globex):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100

    answer = send(examples.DAY)

    assert answer.status_code == 413
    assert [answered(spec, answer)] == shown(spec, 413)


def test_an_hour_used_up_is_answered_as_the_schema_shows(spec, client, acme, globex):
    token = issue_key(acme, name="CRM", scopes=[Scope.DEFAULT_SYNC], hourly_limit=1).token
    post(client, token, {})

    answer = post(client, token, {})

    body = answered(spec, answer)
    assert (answer.status_code, answer["Retry-After"]) == (429, str(body["error"]["retry_after"]))
    assert body["error"] | {"retry_after": 1847} == shown(spec, 429)[0]["error"]


# Bounds


def test_a_collaborators_texts_are_bounded_as_documented(spec):
    shape = spec["components"]["schemas"]["Collaborator"]
    good = {"external_id": "emp-1", "name": "Rui", "email": "rui@example.com"}
    bounds = {
        name: part["maxLength"] for name, part in shape["properties"].items() if name not in ("email", "metadata")
    }

    for name, most in bounds.items():
        just, beyond = people_of({"collaborators": [good | {name: "x" * most}, good | {name: "x" * (most + 1)}]})
        assert not isinstance(just, str)
        assert beyond.endswith(f": {name} must be at most {most} characters")
    for name in shape["required"]:
        [fault] = people_of({"collaborators": [{key: value for key, value in good.items() if key != name}]})
        assert fault.endswith(f": {name} is required")


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"data": None, "occurred_at": None},
        {"data": {"a": 1}, "occurred_at": "2026-03-17"},
        {"activity_code": "000"},
        {"activity_code": "1"},
        {"activity_code": 1},
        {"activity_code": "0001"},
        {"external_id": ""},
        {"external_id": "x" * 255},
        {"external_id": "x" * 256},
        {"external_id": 7},
        {"external_id": None},
        {"collaborator_email": "not-an-email"},
        {"collaborator_email": "rui@localhost"},
        {"collaborator_email": "rüi@example.com"},
        {"data": []},
        {"data": "x"},
        {"occurred_at": 1773759600},
    ],
    ids=str,
)
def test_the_schema_takes_and_refuses_the_activities_that_the_endpoint_does(spec, acme, globex, change):
    item = {"activity_code": "001", "external_id": "e1", "collaborator_email": "rui@example.com", **change}
    try:
        activities_of({"activities": [item]}, zone=acme.zone, at=acme.created_at, request_id=None)
        refused = []
    except ValidationFailed as error:
        refused = [row["field"] for row in error.details]

    schema = {"$ref": "#/components/schemas/Activity", "components": spec["components"]}
    assert [error.path[0] for error in Draft202012Validator(schema).iter_errors(item)] == refused
