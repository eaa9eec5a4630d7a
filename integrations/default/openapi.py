"""The Default integration as OpenAPI: shapes made from what `payload` checks, so that the two cannot disagree."""

from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter

from integrations.default import examples, guide
from integrations.default.field_meanings import (
    ACTIVITIES_OUTCOME,
    ACTIVITY_FIELDS,
    COLLABORATOR_FIELDS,
    COLLABORATORS_OUTCOME,
)
from integrations.default.payload import (
    ACTIVITY_FAULTS,
    MOST_ACTIVITIES,
    MOST_COLLABORATORS,
    OPTIONAL_TEXTS,
    REQUIRED_TEXTS,
    ActivityItem,
    Email,
)
from salesos.api.error_reference import BAD_REQUEST, response
from salesos.api.errors import ValidationFailed
from salesos.api.openapi import Reference
from salesos.scopes import Scope

TAG = "Default integration"
PATH = "/functions/v1/default-integration"


def reference(server: str) -> Reference:
    url = server + PATH
    return Reference(
        tag=TAG,
        title=TAG,
        description=guide.DESCRIPTION,
        paths={PATH: {"post": _operation(url)}},
        schemas=SCHEMAS,
        quick_start=guide.quick_start(url),
        sections=guide.sections(url),
        practices=guide.practices(url),
        limits=[
            ("Collaborators in a request", str(MOST_COLLABORATORS)),
            ("Activities in a request", str(MOST_ACTIVITIES)),
        ],
    )


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _operation(url: str) -> dict[str, Any]:
    return {
        "operationId": "syncDefaultIntegration",
        "summary": "Sync collaborators or activities",
        "description": (
            "One endpoint, two actions, told apart by `action`. A request is one transaction: it is recorded whole or "
            "not at all, points included, and when the answer is there, the leaderboards have it."
        ),
        "tags": [TAG],
        "security": [{"apiKey": [Scope.DEFAULT_SYNC.value]}],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {
                        "oneOf": [_ref("SyncCollaborators"), _ref("SyncActivities")],
                        "discriminator": {
                            "propertyName": "action",
                            "mapping": {
                                "sync_collaborators": "#/components/schemas/SyncCollaborators",
                                "sync_activities": "#/components/schemas/SyncActivities",
                            },
                        },
                    },
                    "examples": {
                        name: {"summary": example.summary, "value": example.request}
                        for name, example in examples.EXAMPLES.items()
                        if example.request
                    },
                }
            },
        },
        "responses": {
            "200": {
                "description": "The batch was recorded; what became of each item is counted.",
                "content": {
                    "application/json": {
                        "schema": {"oneOf": [_ref("CollaboratorsSynced"), _ref("ActivitiesSynced")]},
                        "examples": {
                            name: {"summary": example.summary, "description": example.note, "value": example.answer}
                            for name, example in examples.EXAMPLES.items()
                        },
                    }
                },
            },
            "400": response(BAD_REQUEST, _refusals()),
        },
    }


def _refusals() -> list[tuple[str, ValidationFailed]]:
    bad = [{"index": index, "field": field, "message": ACTIVITY_FAULTS[field]} for index, field in examples.BAD_FIELDS]
    unknown = [{"field": "action", "message": 'Required "sync_collaborators" or "sync_activities"'}]
    too_many = [{"field": "activities", "message": f"Required array of at most {MOST_ACTIVITIES} activities"}]
    return [
        ("Malformed activities", ValidationFailed("Invalid activities payload", details=bad)),
        ("An unknown action", ValidationFailed("Invalid action", details=unknown)),
        ("The array is missing or too long", ValidationFailed("Invalid activities payload", details=too_many)),
    ]


_EMAIL = TypeAdapter(Email).json_schema() | {"format": "email"}


def _collaborator() -> dict[str, Any]:
    required = {
        name: {"type": "string", "minLength": 1, "maxLength": most, **COLLABORATOR_FIELDS[name]}
        for name, most in REQUIRED_TEXTS.items()
    }
    optional = {
        name: {"type": ["string", "null"], "maxLength": most, **COLLABORATOR_FIELDS[name]}
        for name, most in OPTIONAL_TEXTS.items()
    }
    return {
        "type": "object",
        "description": "A salesperson. A field that is absent stays as it is; `null` clears it.",
        "required": [*REQUIRED_TEXTS, "email"],
        "properties": {
            **required,
            "email": _EMAIL | COLLABORATOR_FIELDS["email"],
            **optional,
            "metadata": {"type": ["object", "null"], **COLLABORATOR_FIELDS["metadata"]},
        },
    }


def _activity() -> dict[str, Any]:
    made = TypeAdapter(ActivityItem).json_schema()
    properties = {name: _without_title(shape) | ACTIVITY_FIELDS[name] for name, shape in made["properties"].items()}
    properties["collaborator_email"]["format"] = "email"
    return {
        "type": "object",
        "description": "Something a collaborator did.",
        "required": made["required"],
        "properties": properties,
    }


def _without_title(shape: Mapping[str, Any]) -> dict[str, Any]:
    """A field's shape as people write it: no title, and “T or null” as a list of types."""
    kept = {name: value for name, value in shape.items() if name not in ("title", "anyOf", "additionalProperties")}
    if "anyOf" in shape:
        kept["type"] = [choice["type"] for choice in shape["anyOf"]]
    return kept


def _action(action: str, array: str, item: str, most: int, description: str) -> dict[str, Any]:
    return {
        "type": "object",
        "description": description,
        "required": ["action", array],
        "properties": {
            "action": {"type": "string", "const": action, "description": "Which of the two actions this is."},
            array: {
                "type": "array",
                "maxItems": most,
                "items": _ref(item),
                "description": f"The {array}, in the order in which they are to be taken. May be empty.",
            },
        },
    }


def _outcome(counts: Mapping[str, str], description: str) -> dict[str, Any]:
    fields = {
        name: (
            {"type": "array", "items": {"type": "string"}, "description": meaning}
            if name == "errors"
            else {"type": "integer", "minimum": 0, "description": meaning}
        )
        for name, meaning in counts.items()
    }
    data = {"type": "object", "required": [*fields], "properties": fields, "description": description}
    return {
        "type": "object",
        "description": description,
        "required": ["data", "meta"],
        "properties": {"data": data, "meta": _ref("Meta")},
    }


SCHEMAS: Mapping[str, Any] = {
    "SyncCollaborators": _action(
        "sync_collaborators",
        "collaborators",
        "Collaborator",
        MOST_COLLABORATORS,
        "Register or update salespeople. Collaborators must exist before activities can be attributed to them.",
    ),
    "SyncActivities": _action(
        "sync_activities",
        "activities",
        "Activity",
        MOST_ACTIVITIES,
        "Send activities of salespeople. Each has a code from `001` to `999`, which your admin maps to a mission.",
    ),
    "Collaborator": _collaborator(),
    "Activity": _activity(),
    "CollaboratorsSynced": _outcome(COLLABORATORS_OUTCOME, "What became of the collaborators."),
    "ActivitiesSynced": _outcome(ACTIVITIES_OUTCOME, "What became of the activities."),
}
