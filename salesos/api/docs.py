"""The reference for people at `/api/docs`: a page made from the same document as the schema."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

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
        "quick_starts": [reference.quick_start for reference in made.references if reference.quick_start],
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
            status, answer = _success(operation)
            success = answer.get("content", {}).get("application/json", {})
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            yield {
                "slug": operation["operationId"],
                "method": method.upper(),
                "path": path,
                "operation": operation,
                "scopes": [scope for scheme in operation.get("security", []) for scope in scheme["apiKey"]],
                "parameters": list(_parameters(operation)),
                "requests": list(_shapes(made.spec, body.get("schema", {}))),
                "status": status,
                "answer": answer,
                "answers": list(_shapes(made.spec, success.get("schema", {}))),
                "examples": list(_examples(made.spec["servers"][0]["url"] + path, method.upper(), operation)),
                "refusals": _refusals(operation),
                "errors": [cases[int(status)] for status in operation["responses"] if int(status) in cases],
            }


def _success(operation: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """(status, answer) of the one way in which an operation succeeds."""
    return next((status, answer) for status, answer in operation["responses"].items() if status.startswith("2"))


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
    for choice in schema.get("oneOf", schema.get("anyOf", [schema])):
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


FORMATS = {"uuid": "UUID", "date": "ISO 8601 date", "date-time": "ISO 8601, UTC", "email": "e-mail address"}


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
    if "enum" in schema:
        told.append(", ".join(f"`{value}`" for value in schema["enum"] if value is not None))
    if "minimum" in schema and "maximum" in schema:
        told.append(f"{schema['minimum']} to {schema['maximum']}")
    elif "minimum" in schema:
        told.append(f"at least {schema['minimum']}")
    if schema.get("format") in FORMATS:
        told.append(FORMATS[schema["format"]])
    elif "anyOf" in schema:
        told.append(" or ".join(FORMATS[choice["format"]] for choice in schema["anyOf"]))
    elif len(schema.get("pattern", "")) in range(1, LONGEST_PATTERN):
        told.append(f"`{schema['pattern']}`")
    if "default" in schema:
        told.append(f"default `{schema['default']}`")
    return ", ".join(told)


def _parameters(operation: Mapping[str, Any]) -> Iterator[Field]:
    """A row for each parameter; a header or a part of the path says so in its meaning."""
    for parameter in operation.get("parameters", ()):
        schema = parameter["schema"]
        yield Field(
            parameter["name"],
            _PLACES.get(parameter["in"], "") + _type({}, schema),
            parameter.get("required", False),
            _bounds(schema),
            parameter["description"],
        )


_PLACES = {"header": "header: ", "path": "path: "}


def _examples(url: str, method: str, operation: Mapping[str, Any]) -> Iterator[Section]:
    """Each example with its request, where there is one to show, and its answer, which bears the same name."""
    status, answer = _success(operation)
    if "content" not in answer:
        command = curl(_filled(url, operation, ""), method=method)
        told = f"The answer ({status}) has no body."
        yield Section(f"example-{operation['operationId']}", operation["summary"], [command, told])
    requests = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
    for name, example in answer.get("content", {}).get("application/json", {}).get("examples", {}).items():
        request = []
        if name in requests:
            request = [curl(_filled(url, operation, name), requests[name]["value"], method=method)]
        elif "requestBody" not in operation:
            request = [curl(_filled(url, operation, name), method=method)]
        blocks = [*request, Code(json_text(example["value"]), title=f"Response ({status})"), example["description"]]
        yield Section(f"example-{operation['operationId']}-{name}", example["summary"], blocks)


def _filled(url: str, operation: Mapping[str, Any], example: str) -> str:
    """The address of an example: the parts of the path filled in, and the query string that it has."""
    query = {}
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "path":
            url = url.replace(f"{{{parameter['name']}}}", parameter["example"])
        elif example in parameter.get("examples", {}):
            query[parameter["name"]] = _word(parameter["examples"][example]["value"])
    return f"{url}?{urlencode(query, safe='@')}" if query else url


def _word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _refusals(operation: Mapping[str, Any]) -> list[Code]:
    """The errors that an operation shows itself; those that it shares with all are referred to, and shown once."""
    return [
        Code(json_text(example["value"]), title=f"{example['summary']} ({status})")
        for status, answer in operation["responses"].items()
        if int(status) >= HTTPStatus.BAD_REQUEST and "content" in answer
        for example in answer["content"]["application/json"]["examples"].values()
    ]
