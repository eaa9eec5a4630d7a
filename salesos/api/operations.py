"""The endpoints of `/v1/` as OpenAPI: what they have in common, so that each API package says only what is its own."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from salesos.api.error_reference import EXAMPLE_UUID, RATE_HEADERS, case_of, headers, response
from salesos.api.errors import ApiError
from salesos.api.listing import Listing, listed
from salesos.scopes import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A request and its answer, as the reference shows them; `note` explains the answer."""

    summary: str
    note: str
    answer: object = None
    """None for an answer without a body."""
    body: object = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    """What stands in the query string."""


def ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def operation(
    operation_id: str,
    summary: str,
    description: str,
    *,
    tag: str,
    scope: Scope,
    schema: Mapping[str, Any] | None,
    shown: Mapping[str, Shown],
    answer: str,
    status: int = HTTPStatus.OK,
    answer_headers: Sequence[str] = (),
    parameters: Iterable[Mapping[str, Any]] = (),
    body: Mapping[str, Any] | None = None,
    errors: Mapping[int, Sequence[tuple[str, ApiError]]] | None = None,
) -> dict[str, Any]:
    """An operation whose success is `answer` (in words) of `schema`, None for one without a body.

    `errors` adds examples of its own to errors by their status, and names those that not every operation has: 409, 412.
    """
    success: dict[str, Any] = {"description": answer, "headers": headers([*RATE_HEADERS, *answer_headers])}
    if schema is not None:
        examples = {
            name: {"summary": one.summary, "description": one.note, "value": one.answer} for name, one in shown.items()
        }
        success["content"] = {"application/json": {"schema": schema, "examples": examples}}
    made: dict[str, Any] = {
        "operationId": operation_id,
        "summary": summary,
        "description": description,
        "tags": [tag],
        "security": [{"apiKey": [scope.value]}],
        "parameters": [_with_examples(parameter, shown) for parameter in parameters],
    }
    if body is not None:
        sent = {
            name: {"summary": one.summary, "value": one.body} for name, one in shown.items() if one.body is not None
        }
        made["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": body, "examples": sent}},
        }
    refusals = {
        str(status): response(case_of(status), examples, without_common=body is None)
        if examples
        else {"$ref": case_of(status).ref}
        for status, examples in (errors or {}).items()
    }
    return {**made, "responses": {str(int(status)): success, **refusals}}


def list_operation(
    operation_id: str,
    summary: str,
    description: str,
    *,
    tag: str,
    scope: Scope,
    listing: Listing,
    rows: Mapping[str, Mapping[str, Any]],
    shown: Mapping[str, Shown],
    errors: Mapping[int, Sequence[tuple[str, ApiError]]] | None = None,
) -> dict[str, Any]:
    """The operation of a list, its parameters as `listing` reads them.

    `rows` says what the list holds (“A page of teams.”) with the schema of a row; several where the request chooses.
    """
    schemas = [listed(row, description) for description, row in rows.items()]
    return operation(
        operation_id,
        summary,
        description,
        tag=tag,
        scope=scope,
        schema=schemas[0] if len(schemas) == 1 else {"anyOf": schemas},
        shown=shown,
        answer=" ".join(rows),
        parameters=listing.openapi(),
        errors=errors,
    )


def data_of(schema: Mapping[str, Any], description: str) -> dict[str, Any]:
    """The schema of an answer that holds one thing."""
    return {
        "type": "object",
        "description": description,
        "required": ["data"],
        "properties": {"data": {**schema, "description": description}},
    }


def id_parameter(noun: str) -> dict[str, Any]:
    """The `{id}` of a path."""
    return {
        "name": "id",
        "in": "path",
        "required": True,
        "description": f"The id of the {noun}. One that is malformed, unknown or another tenant's is a 404.",
        "schema": {"type": "string"},
        "example": EXAMPLE_UUID,
    }


IDEMPOTENCY_KEY: Mapping[str, Any] = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Makes the request safe to send again: the same key and body within 24 hours give the first answer "
    "again, and nothing is done twice. Any text that you use for one request only, such as a UUID.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
}

IF_MATCH: Mapping[str, Any] = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` of what you read. Where it was changed since, the answer is 412 and nothing is done.",
    "schema": {"type": "string"},
}


def _with_examples(parameter: Mapping[str, Any], shown: Mapping[str, Shown]) -> dict[str, Any]:
    examples = {
        name: {"summary": one.summary, "value": _typed(parameter, one.parameters[parameter["name"]])}
        for name, one in shown.items()
        if parameter["in"] == "query" and parameter["name"] in one.parameters
    }
    return {**parameter, **({"examples": examples} if examples else {})}


def _typed(parameter: Mapping[str, Any], text: str) -> object:
    match parameter["schema"]["type"]:
        case "integer":
            return int(text)
        case "boolean":
            return text == "true"
    return text
