"""OpenAPI 3.1 of the whole API, put together from what each API package says of itself, and served at `/api/schema`.

A package names a function in `settings.API_REFERENCE`; called with the server's address, it returns a `Reference`.
What all APIs have in common (envelope, errors, headers, keys, limits) is added here.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import get_script_prefix
from django.utils.cache import get_conditional_response
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from salesos.api.basics import key_description, overview, sections
from salesos.api.error_reference import (
    ERRORS,
    EXAMPLE_ID,
    RATE_HEADERS,
    ErrorCase,
    error_schemas,
    header_components,
    headers,
    response,
)
from salesos.api.errors import MethodNotAllowed, answer_error
from salesos.api.listing import LIST_META
from salesos.api.prose import Section, markdown

OPENAPI_VERSION = "3.1.0"
API_VERSION = "1.0.0"
"""The version of the API, not of the product: the middle number grows with additions; nothing is ever taken away."""

ALLOWED_METHODS = ["GET", "HEAD"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """What a package says of its API.

    `paths` and `schemas` are OpenAPI (`salesos.api.operations` makes it); operations name only what is theirs: the
    errors that every operation may answer are added. `errors` are codes that the core does not know. `limits` are rows
    (what, how much) of the limits table.
    """

    tag: str
    title: str
    description: str
    paths: Mapping[str, Any]
    schemas: Mapping[str, Any]
    quick_start: Section | None = None
    sections: Sequence[Section] = ()
    practices: Section | None = None
    limits: Sequence[tuple[str, str]] = ()
    errors: Sequence[ErrorCase] = ()

    @property
    def prose(self) -> list[Section]:
        return [section for section in (self.quick_start, *self.sections, self.practices) if section]


@dataclass(frozen=True, slots=True)
class Document:
    """The schema as seen from one address: as data, as the bytes that are sent, and what the page is made from."""

    spec: Mapping[str, Any]
    body: bytes
    etag: str
    references: Sequence[Reference]
    errors: Sequence[ErrorCase]
    sections: Sequence[Section]


# A handful of addresses at most; bounded, since with a wildcard in ALLOWED_HOSTS callers choose them.
@lru_cache(maxsize=16)
def document(server: str) -> Document:
    """The schema for callers who reach us at `server` (`https://api.example.com`, without a slash at the end)."""
    references: list[Reference] = [import_string(name)(server) for name in settings.API_REFERENCE]
    errors = [*ERRORS, *(case for reference in references for case in reference.errors)]
    basics = sections([row for reference in references for row in reference.limits])
    spec = {
        "openapi": OPENAPI_VERSION,
        "info": {
            "title": "SalesOS API",
            "version": API_VERSION,
            "summary": "Send your team and its activities from any CRM; SalesOS turns them into missions and points.",
            "description": "\n\n".join([overview(server), *map(markdown, basics)]),
        },
        "servers": [{"url": server, "description": "This installation"}],
        "security": [{"apiKey": []}],
        "tags": [
            *(_tag(reference) for reference in references),
            {"name": "Reference", "description": "The description of the API itself. Public: no API key is asked for."},
        ],
        "paths": {
            path: {method: _complete(operation, path, errors) for method, operation in item.items()}
            for reference in references
            for path, item in reference.paths.items()
        }
        | OWN_PATHS,
        "components": {
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "sk_live_… or sk_test_…",
                    "description": key_description(),
                }
            },
            "headers": header_components(),
            "responses": {case.name: response(case) for case in errors},
            "schemas": {name: shape for reference in references for name, shape in reference.schemas.items()}
            | {"Meta": META, "ListMeta": LIST_META}
            | error_schemas(errors),
        },
    }
    body = json.dumps(spec, ensure_ascii=False, separators=(",", ":")).encode()
    return Document(spec, body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', references, errors, basics)


def _tag(reference: Reference) -> dict[str, str]:
    prose = "\n\n".join([reference.description, *map(markdown, reference.prose)])
    return {"name": reference.tag, "description": prose}


def _complete(operation: Mapping[str, Any], path: str, errors: Sequence[ErrorCase]) -> dict[str, Any]:
    """An operation with the errors that it may answer like every other, and the headers of every success."""
    absent = {409, 412}
    if "requestBody" not in operation:
        absent.add(413)
        if all(parameter["in"] == "path" for parameter in operation.get("parameters", ())):
            absent.add(400)
    if "{" not in path:
        absent.add(404)
    own = operation["responses"]
    common = {str(case.status): {"$ref": case.ref} for case in ERRORS if case.status not in absent}
    own = {
        status: answer if "$ref" in answer else {"headers": headers(RATE_HEADERS)} | answer
        for status, answer in own.items()
    }
    return {**operation, "responses": dict(sorted((common | own).items()))}


META = {
    "type": "object",
    "description": "About the answer itself.",
    "required": ["request_id", "timestamp"],
    "properties": {
        "request_id": {
            "type": "string",
            "format": "uuid",
            "description": "The id of the request; the same as the `X-Request-ID` header.",
            "examples": [str(EXAMPLE_ID)],
        },
        "timestamp": {
            "type": "string",
            "format": "date-time",
            "description": "When the answer was made, in UTC.",
            "examples": ["2026-03-17T14:30:00.000Z"],
        },
    },
}


def _public(operation: str, summary: str, media: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "get": {
            "operationId": operation,
            "summary": summary,
            "tags": ["Reference"],
            "security": [],
            "responses": {
                "200": {"description": summary, "headers": headers(), "content": media},
                **more,
                "405": {"$ref": "#/components/responses/MethodNotAllowed"},
                "500": {"$ref": "#/components/responses/InternalError"},
            },
        }
    }


OWN_PATHS = {
    "/api/schema": _public(
        "getSchema",
        "This description as OpenAPI 3.1",
        {"application/json": {"schema": {"type": "object"}}},
        {"304": {"description": "Not changed since the `ETag` that `If-None-Match` names", "headers": headers()}},
    ),
    "/api/docs": _public("getDocs", "The reference for people", {"text/html": {"schema": {"type": "string"}}}, {}),
}


def server_of(request: HttpRequest) -> str:
    """The address at which the caller reached us, without a slash at the end."""
    return request.build_absolute_uri(get_script_prefix()).rstrip("/")


# An API path: another method gets the envelope, not the page about a missing CSRF token.
@csrf_exempt
def schema(request: HttpRequest) -> HttpResponse:
    """`GET /api/schema`: public, cached in the process, with an ETag."""
    if request.method not in ALLOWED_METHODS:
        return answer_error(request, MethodNotAllowed(ALLOWED_METHODS))
    made = document(server_of(request))
    answer = HttpResponse(made.body, content_type="application/json")
    answer["ETag"] = made.etag
    answer["Cache-Control"] = "public, max-age=300"
    return get_conditional_response(request, etag=made.etag, response=answer) or answer
