"""Every error an API of ours answers: when it happens, what to do, and examples rendered by the code that answers."""

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_noop as _

from salesos.api.errors import (
    ApiError,
    Conflict,
    Forbidden,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    RateLimited,
    Unauthorized,
    Unavailable,
    ValidationFailed,
    answer_error,
    internal_error,
    key_used_otherwise,
    too_large,
)
from salesos.request_log import LogEntry
from salesos.scopes import Scope

EXAMPLE_UUID = "550e8400-e29b-41d4-a716-446655440000"
EXAMPLE_ID = uuid.UUID("f47ac10b-58cc-4372-a567-0e02b2c3d479")
RATE_HEADERS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset")


@dataclass(frozen=True, slots=True)
class ErrorCase:
    """A status with its code. `examples`: (summary, error), at least one. `headers`: those besides X-Request-ID.

    The API's documents are English; the dashboard says `when` and `remedy` in the reader's language.
    """

    name: str
    when: str
    remedy: str
    examples: Sequence[tuple[str, ApiError]]
    headers: Sequence[str] = ()

    @property
    def status(self) -> int:
        return self.examples[0][1].status

    @property
    def code(self) -> str:
        return self.examples[0][1].code

    @property
    def ref(self) -> str:
        return f"#/components/responses/{self.name}"


def _sample_request() -> HttpRequest:
    request = HttpRequest()
    request.log_entry = LogEntry(address=None, id=EXAMPLE_ID)  # type: ignore[attr-defined]
    return request


def body_of(error: ApiError) -> dict[str, Any]:
    """The JSON that `error` is answered with."""
    body: dict[str, Any] = json.loads(answer_error(_sample_request(), error).content)
    return body


BAD_REQUEST = ErrorCase(
    "InvalidRequest",
    _(
        "The body is not strict JSON, is not what the endpoint asks for, or an item of it is malformed; or a parameter "
        "or header is unknown or bad. Nothing of the request is recorded."
    ),
    _(
        "Fix the request: `details` lists every bad field, with the index of its item, and every bad parameter. "
        "Sending the same request again gives the same answer."
    ),
    [
        (
            "The body is not JSON",
            ValidationFailed(
                "Invalid JSON",
                details=[{"field": "body", "message": "Not valid JSON: expected value at line 1 column 12"}],
            ),
        ),
        (
            "A number that is none",
            ValidationFailed(
                "Invalid JSON",
                details=[{"field": "activities[0].data.amount", "message": "Numbers must be finite"}],
            ),
        ),
        (
            "Parameters that are unknown or bad",
            ValidationFailed(
                "Invalid parameters",
                details=[
                    {"field": "statsu", "message": "Unknown parameter"},
                    {"field": "per_page", "message": "Expected a whole number, 1 to 100"},
                ],
            ),
        ),
    ],
    headers=RATE_HEADERS,
)

ERRORS: Sequence[ErrorCase] = (
    BAD_REQUEST,
    ErrorCase(
        "Unauthorized",
        _(
            "There is no API key, or it is mistyped, unknown, revoked or expired, or its tenant is not active. "
            "The answer does not tell which; the dashboard's request log shows the request under a key that has ended."
        ),
        _(
            "Check the `Authorization` header, and the key in the dashboard. Create a new one if it has expired. "
            "Do not retry."
        ),
        [("Invalid API key", Unauthorized())],
        headers=["WWW-Authenticate"],
    ),
    ErrorCase(
        "Forbidden",
        _(
            "The API key is valid, but lacks the scope of the endpoint, or the request comes from an address outside "
            "of the key's IP allowlist."
        ),
        _("Edit the key in the dashboard: add the scope that the message names, or the address that you call from."),
        [
            ("The scope is missing", Forbidden(f"The API key lacks the scope {Scope.DEFAULT_SYNC.value}")),
            ("The address is not allowed", Forbidden("IP address not allowed")),
        ],
        headers=RATE_HEADERS,
    ),
    ErrorCase(
        "NotFound",
        _(
            "There is nothing at this path, or nothing of your tenant: an id that is malformed, unknown or another "
            "tenant's makes no difference."
        ),
        _("Check the path against this reference, and the id against a list. What was deleted is gone."),
        [("An unknown path", NotFound("Not found"))],
        headers=RATE_HEADERS,
    ),
    ErrorCase(
        "MethodNotAllowed",
        _("The method is not one of the endpoint's, which the `Allow` header lists. Checked before the API key."),
        _("Use a method that this reference names for the path."),
        [("GET instead of POST", MethodNotAllowed(["POST"]))],
        headers=["Allow"],
    ),
    ErrorCase(
        "Conflict",
        _(
            "The request is well-formed, but not possible as things are: another row has what must be unique, what you "
            "ask for is done already, or the `Idempotency-Key` was used for another request."
        ),
        _(
            "Read `details`: where something else stands in the way that you may see, its `id` is there. Do not retry "
            "the same request."
        ),
        [
            (
                "Another one has it",
                Conflict(
                    "A lead with this e-mail exists already",
                    details=[
                        {
                            "field": "email",
                            "message": "A lead with this e-mail exists already",
                            "id": EXAMPLE_UUID,
                        }
                    ],
                ),
            ),
            ("A key that was used for another request", key_used_otherwise()),
        ],
        headers=RATE_HEADERS,
    ),
    ErrorCase(
        "PreconditionFailed",
        _(
            "You sent `If-Match`, and what you want to change is no longer as you read it: somebody else was faster. "
            "Nothing was changed."
        ),
        _("Read it again, look whether your change still makes sense, and send it with the new `ETag`."),
        [("Changed since it was read", PreconditionFailed())],
        headers=RATE_HEADERS,
    ),
    ErrorCase(
        "PayloadTooLarge",
        _("The body is larger than 8 MiB."),
        _("Send the items in several requests."),
        [("A body of more than 8 MiB", too_large())],
        headers=RATE_HEADERS,
    ),
    ErrorCase(
        "RateLimited",
        _("The key has made all its requests of this hour, or your address has tried too many wrong secrets."),
        _(
            "Wait `retry_after` seconds (also in the `Retry-After` header), then retry the same request. Send larger "
            "batches less often."
        ),
        [("The hour is used up", RateLimited(1847))],
        headers=["Retry-After", *RATE_HEADERS],
    ),
    ErrorCase(
        "InternalError",
        _("Something broke on our side. Nothing of the request is recorded."),
        _(
            "Retry the same request with exponential backoff (2 s, 4 s, 8 s). If it persists, quote the request id to "
            "support."
        ),
        [("An internal error", internal_error(_sample_request()))],
        headers=RATE_HEADERS,
    ),
    ErrorCase(
        "Unavailable",
        _(
            "The database cannot be reached for the moment. Whether the request was recorded may be open; "
            "a retry is safe and complete either way."
        ),
        _("Wait as long as `Retry-After` says, then retry the same request."),
        [("The database is away", Unavailable())],
        headers=["Retry-After", *RATE_HEADERS],
    ),
)


def case_of(status: int) -> ErrorCase:
    """The core's error of a status."""
    return next(case for case in ERRORS if case.status == status)


def response(
    case: ErrorCase, more_examples: Iterable[tuple[str, ApiError]] = (), *, without_common: bool = False
) -> dict[str, Any]:
    """The OpenAPI response object of an error, with its examples and those of one endpoint, which come first.

    `without_common` leaves out the former, which are about bodies, for an endpoint that takes none.
    """
    common = () if without_common else case.examples
    return {
        "description": case.when,
        "headers": headers(case.headers),
        "content": {
            "application/json": {
                "schema": {"$ref": f"#/components/schemas/{case.name}"},
                "examples": {
                    slug(summary): {"summary": summary, "value": body_of(error)}
                    for summary, error in [*more_examples, *common]
                },
            }
        },
    }


def headers(names: Iterable[str] = ()) -> dict[str, Any]:
    """The header map of a response, by reference; every response has an X-Request-ID."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in ("X-Request-ID", *names)}


def slug(text: str) -> str:
    return "_".join("".join(character if character.isalnum() else " " for character in text.lower()).split())


@dataclass(frozen=True, slots=True)
class Header:
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "integer", "minimum": 0})
    example: object = 0


HEADERS: Mapping[str, Header] = {
    "X-Request-ID": Header(
        "The id of the request, on every answer; the same as `meta.request_id`. Support finds the request by it.",
        {"type": "string", "format": "uuid"},
        str(EXAMPLE_ID),
    ),
    "X-RateLimit-Limit": Header("How many requests the key may make in an hour.", example=1000),
    "X-RateLimit-Remaining": Header("How many of them are left.", example=987),
    "X-RateLimit-Reset": Header("When the next hour of the key starts, in Unix seconds.", example=1773759600),
    "Location": Header(
        "The path of what was created (201).",
        {"type": "string", "format": "uri-reference"},
        f"/v1/leads/{EXAMPLE_UUID}",
    ),
    "ETag": Header(
        "The state that was answered. Sent back as `If-Match`, it has a write refused where the state is another one.",
        {"type": "string"},
        '"v3"',
    ),
    "Idempotent-Replayed": Header(
        "Says that this is the first answer to the same `Idempotency-Key` again; nothing was done.",
        {"type": "string", "const": "true"},
        "true",
    ),
    "Retry-After": Header("Seconds to wait before the request is sent again (429 and 503).", example=1847),
    "Allow": Header("The methods that the endpoint has (405).", {"type": "string"}, "POST"),
    "WWW-Authenticate": Header("How to authenticate (401).", {"type": "string", "const": "Bearer"}, "Bearer"),
}

NOT_ALWAYS = {*RATE_HEADERS, "Idempotent-Replayed"}
"""A request without a good key has no limit to tell of; few answers are replayed."""


def header_components() -> dict[str, Any]:
    return {
        name: {
            "description": header.description,
            "required": name not in NOT_ALWAYS,
            "schema": dict(header.schema),
            "example": header.example,
        }
        for name, header in HEADERS.items()
    }


def error_schemas(cases: Iterable[ErrorCase]) -> dict[str, Any]:
    """The common envelope, and for each error its own shape of it."""
    return {"Error": ERROR, "ErrorDetail": DETAIL} | {case.name: _schema(case) for case in cases}


DETAIL = {
    "type": "object",
    "description": "One bad field. A fault of the body itself has no `index`.",
    "required": ["field", "message"],
    "properties": {
        "index": {"type": "integer", "minimum": 0, "description": "Which item of the array, counted from 0."},
        "field": {
            "type": "string",
            "description": "The field, parameter or header at fault; `body` for the body itself; in a body that is "
            "not strict JSON a path like `activities[3].data.note`.",
        },
        "message": {"type": "string", "description": "What is wrong with it, for people."},
        "id": {
            "type": "string",
            "format": "uuid",
            "description": "The id of what stands in the way. Only with `CONFLICT`, where there is such a thing.",
        },
    },
}

_PARTS: Mapping[str, Any] = {
    "message": {"type": "string", "description": "What happened, for people. May be reworded: branch on `code`."},
    "details": {
        "type": "array",
        "items": {"$ref": "#/components/schemas/ErrorDetail"},
        "description": "The bad fields, in the order of the request, each once. Only errors that have them carry it.",
    },
    "retry_after": {"type": "integer", "minimum": 1, "description": "Seconds to wait. Only with `RATE_LIMITED`."},
}

ERROR = {
    "type": "object",
    "description": "The envelope of every error.",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message"],
            "description": "What went wrong.",
            "properties": {"code": {"type": "string", "description": "Stable; what a program branches on."}, **_PARTS},
        }
    },
}


def _schema(case: ErrorCase) -> dict[str, Any]:
    bodies = [body_of(error)["error"] for _summary, error in case.examples]
    used = {name for body in bodies for name in body}
    needed = ["code", "message", "retry_after"] if "retry_after" in used else ["code", "message"]
    parts = {name: part for name, part in _PARTS.items() if name in used}
    return {
        "type": "object",
        "description": case.when,
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": needed,
                "properties": {"code": {"type": "string", "const": case.code, "description": "Stable."}, **parts},
            }
        },
    }
