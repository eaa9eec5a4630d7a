"""The reference for people at `/api/docs`: a page made from the same document as the schema."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt

from salesos.api.error_reference import ErrorCase, body_of
from salesos.api.errors import MethodNotAllowed, answer_error
from salesos.api.openapi import ALLOWED_METHODS, API_VERSION, OWN_PATHS, Document, document, server_of
from salesos.api.prose import Code, Section, curl, json_text

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; frame-ancestors 'none'; "
    "base-uri 'none'; form-action 'none'"
)


# Another method gets the envelope, not the page about a missing CSRF token.
@csrf_exempt
def docs(request: HttpRequest) -> HttpResponse:
    """`GET /api/docs`: public, cached in the process, with an ETag, in English."""
    if request.method not in ALLOWED_METHODS:
        return answer_error(request, MethodNotAllowed(ALLOWED_METHODS))
    body, etag = page(server_of(request))
    answer = HttpResponse(body)
    answer["ETag"] = etag
    answer["Cache-Control"] = "public, max-age=300"
    answer["Content-Language"] = "en"
    answer["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
    return get_conditional_response(request, etag=etag, response=answer) or answer


@lru_cache(maxsize=16)
def page(server: str) -> tuple[bytes, str]:
    """The page for callers who reach us at `server`, and its ETag."""
    made = document(server)
    limits = next(section for section in made.sections if section.slug == "limits")
    context = {
        "version": API_VERSION,
        "server": server,
        "quick_starts": [reference.quick_start for reference in made.references],
        "basics": [section for section in made.sections if section is not limits],
        "apis": [
            {"reference": reference, "endpoints": list(_endpoints(made, reference.paths))}
            for reference in made.references
        ],
        "errors": [_error(case) for case in sorted(made.errors, key=lambda case: case.status)],
        "error_fields": list(fields(made.spec, {"$ref": "#/components/schemas/Error"})),
        "limits": limits,
        "practices": [reference.practices for reference in made.references if reference.practices],
        "own": list(_endpoints(made, OWN_PATHS)),
    }
    body = render_to_string("api/docs.html", context).encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def _error(case: ErrorCase) -> dict[str, Any]:
    blocks = [Code(json_text(body_of(error)), title=summary) for summary, error in case.examples]
    return {"case": case, "examples": Section(f"error-{case.code}", case.code, blocks)}


def _endpoints(made: Document, paths: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    cases = {case.status: case for case in made.errors}
    for path in paths:
        for method, operation in made.spec["paths"][path].items():
            success = operation["responses"]["200"].get("content", {}).get("application/json", {})
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield {
                "slug": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "operation": operation,
                "scopes": [scope for scheme in operation.get("security", []) for scope in scheme["apiKey"]],
                "requests": list(_shapes(made.spec, body.get("schema", {}))),
                "answers": list(_shapes(made.spec, success.get("schema", {}))),
                "examples": list(_examples(made.spec["servers"][0]["url"] + path, body, success)),
                "refusals": _refusals(operation),
                "errors": [cases[int(status)] for status in operation["responses"] if int(status) in cases],
            }


@dataclass(frozen=True, slots=True)
class Shape:
    """A table of fields: of an object, or of one of the objects between which a body may choose."""

    name: str
    description: str
    fields: Sequence["Field"]


@dataclass(frozen=True, slots=True)
class Field:
    """A row of a field table; `name` is the path to it: `activities[].activity_code`."""

    name: str
    type: str
    is_required: bool
    bounds: str
    meaning: str


def _shapes(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[Shape]:
    names = {ref: name for name, ref in schema.get("discriminator", {}).get("mapping", {}).items()}
    for choice in schema.get("oneOf", [schema]):
        resolved = _resolved(spec, choice)
        if rows := list(fields(spec, choice)):
            yield Shape(names.get(choice.get("$ref", ""), ""), resolved.get("description", ""), rows)


def fields(spec: Mapping[str, Any], schema: Mapping[str, Any], prefix: str = "") -> Iterator[Field]:
    """A row for each field of an object's schema, and of the objects within, in order."""
    shape = _resolved(spec, schema)
    for name, part in shape.get("properties", {}).items():
        inner, path = _resolved(spec, part), prefix + name
        yield Field(path, _type(spec, inner), name in shape.get("required", ()), _bounds(inner), inner["description"])
        yield from fields(spec, inner, f"{path}.")
        yield from fields(spec, inner.get("items", {}), f"{path}[].")


def _resolved(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" not in schema:
        return schema
    found = spec
    for step in schema["$ref"].removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **{name: value for name, value in schema.items() if name != "$ref"}}


def _type(spec: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if types == ["array"]:
        return f"array of {_type(spec, _resolved(spec, schema['items']))}s"
    return " or ".join(types)


LONGEST_PATTERN = 48
"""A longer pattern says nothing to a reader; the meaning of its field does."""


def _bounds(schema: Mapping[str, Any]) -> str:
    least, most = schema.get("minLength"), schema.get("maxLength")
    told = []
    if "const" in schema:
        told.append(f"`{schema['const']}`")
    if least and most:
        told.append(f"{least} to {most} characters")
    elif most:
        told.append(f"at most {most} characters")
    if "maxItems" in schema:
        told.append(f"at most {schema['maxItems']} items")
    if "minimum" in schema:
        told.append(f"at least {schema['minimum']}")
    if schema.get("format") in ("uuid", "date-time", "email"):
        told.append({"uuid": "UUID", "date-time": "ISO 8601, UTC", "email": "e-mail address"}[schema["format"]])
    elif len(schema.get("pattern", "")) in range(1, LONGEST_PATTERN):
        told.append(f"`{schema['pattern']}`")
    return ", ".join(told)


def _examples(url: str, body: Mapping[str, Any], success: Mapping[str, Any]) -> Iterator[Section]:
    """Each example with its request, where it has one, and its answer, which bears the same name."""
    requests = body.get("examples", {})
    for name, answer in success.get("examples", {}).items():
        request = [curl(url, requests[name]["value"])] if name in requests else []
        blocks = [*request, Code(json_text(answer["value"]), title="Response (200)"), answer["description"]]
        yield Section(f"example-{name}", answer["summary"], blocks)


def _refusals(operation: Mapping[str, Any]) -> list[Code]:
    """The errors that an operation shows itself; those that it shares with all are referred to, and shown once."""
    return [
        Code(json_text(example["value"]), title=f"{example['summary']} ({status})")
        for status, answer in operation["responses"].items()
        if int(status) >= HTTPStatus.BAD_REQUEST and "content" in answer
        for example in answer["content"]["application/json"]["examples"].values()
    ]
