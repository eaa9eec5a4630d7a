"""Collaborators and teams as OpenAPI."""

from collections.abc import Mapping
from typing import Any

from salesos.api.error_reference import EXAMPLE_UUID
from salesos.api.openapi import Reference
from salesos.api.operations import Shown, data_of, id_parameter, list_operation, operation, ref
from salesos.api.people import COLLABORATORS, TEAMS
from salesos.scopes import Scope

TAG = "Collaborators and teams"
TEAM_ID = "770e8400-e29b-41d4-a716-446655440002"
A_MOMENT = "2026-03-10T14:30:00Z"

PERSON = {
    "id": EXAMPLE_UUID,
    "external_id": "emp-101",
    "name": "Maria Santos",
    "email": "maria@yourcompany.com",
    "role": "vendedor",
    "team_id": TEAM_ID,
    "is_active": True,
    "created_at": A_MOMENT,
    "updated_at": A_MOMENT,
}
TEAM = {"id": TEAM_ID, "name": "Equipe Vendas SP", "people": 12, "created_at": A_MOMENT}
ONE_OF_ONE = {"total": 1, "page": 1, "per_page": 25, "total_pages": 1}


def reference(server: str) -> Reference:
    return Reference(
        tag=TAG,
        title=TAG,
        description="Read the people and teams of the tenant, and the ids under which the API knows them.",
        paths={
            "/v1/collaborators": {"get": _collaborators()},
            "/v1/collaborators/{id}": {"get": _collaborator()},
            "/v1/teams": {"get": _teams()},
            "/v1/teams/{id}": {"get": _team()},
        },
        schemas=SCHEMAS,
    )


def _collaborators() -> dict[str, Any]:
    return list_operation(
        "listCollaborators",
        "List collaborators",
        "The people of the tenant, each once: records that were merged into another are not listed. To create and "
        "update them, use the Default integration.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        listing=COLLABORATORS,
        rows={"A page of collaborators.": ref("CollaboratorRead")},
        shown={
            "a_person": Shown(
                summary="Find a person’s id by e-mail",
                note="The `id` is what other endpoints take as `owner_id`.",
                parameters={"email": "maria@yourcompany.com"},
                answer={"data": [PERSON], "meta": ONE_OF_ONE},
            )
        },
    )


def _collaborator() -> dict[str, Any]:
    return operation(
        "getCollaborator",
        "Get a collaborator",
        "One person, by id.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        parameters=[id_parameter("collaborator")],
        answer="The collaborator.",
        schema=data_of(ref("CollaboratorRead"), "The collaborator."),
        shown={"one": Shown(summary="A collaborator", note="The whole of it.", answer={"data": PERSON})},
    )


def _teams() -> dict[str, Any]:
    return list_operation(
        "listTeams",
        "List teams",
        "The teams of the tenant. They come into being when the Default integration names them.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        listing=TEAMS,
        rows={"A page of teams.": ref("Team")},
        shown={
            "all": Shown(
                summary="All teams",
                note="The `id` is what other endpoints take as `team_id`.",
                parameters={"sort": "name"},
                answer={"data": [TEAM], "meta": ONE_OF_ONE},
            )
        },
    )


def _team() -> dict[str, Any]:
    return operation(
        "getTeam",
        "Get a team",
        "One team, by id.",
        tag=TAG,
        scope=Scope.LEADS_READ,
        parameters=[id_parameter("team")],
        answer="The team.",
        schema=data_of(ref("Team"), "The team."),
        shown={"one": Shown(summary="A team", note="The whole of it.", answer={"data": TEAM})},
    )


def _text(description: str, *, null: bool = False) -> dict[str, Any]:
    return {"type": ["string", "null"] if null else "string", "description": description}


def _id(description: str, *, null: bool = False) -> dict[str, Any]:
    return {**_text(description, null=null), "format": "uuid"}


def _moment(description: str) -> dict[str, Any]:
    return {**_text(description), "format": "date-time"}


def _row(description: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "object", "description": description, "required": [*properties], "properties": properties}


SCHEMAS: Mapping[str, Any] = {
    "CollaboratorRead": _row(
        "A salesperson.",
        {
            "id": _id("The id that other endpoints take as `owner_id`."),
            "external_id": _text("The person’s id in your CRM.", null=True),
            "name": _text("Their name."),
            "email": {**_text("Their e-mail address, in lower case."), "format": "email"},
            "role": _text("Their role in your organisation.", null=True),
            "team_id": _id("The team that they are in.", null=True),
            "is_active": {"type": "boolean", "description": "Whether they are on the boards."},
            "created_at": _moment("When they were registered."),
            "updated_at": _moment("When they were last changed."),
        },
    ),
    "Team": _row(
        "A team of the sales floor.",
        {
            "id": _id("The id that other endpoints take as `team_id`."),
            "name": _text("Its name."),
            "people": {"type": "integer", "minimum": 0, "description": "How many active people are in it."},
            "created_at": _moment("When it came into being."),
        },
    ),
}
