"""The leaderboard as OpenAPI."""

from collections.abc import Mapping
from typing import Any

from missions.api import LEADERBOARD, PEOPLE, TEAMS
from salesos.api.error_reference import BAD_REQUEST, EXAMPLE_UUID
from salesos.api.errors import ValidationFailed
from salesos.api.openapi import Reference
from salesos.api.operations import Shown, list_operation, ref
from salesos.scopes import Scope

TAG = "Leaderboard"
PAGE = {"total": 1, "page": 1, "per_page": 25, "total_pages": 1}

PERSON = {
    "rank": 1,
    "previous_rank": 3,
    "movement": 2,
    "collaborator_id": EXAMPLE_UUID,
    "name": "Maria Santos",
    "email": "maria@yourcompany.com",
    "team": "Equipe Vendas SP",
    "points": 120,
    "completions": 31,
}
TEAM = {
    "rank": 1,
    "previous_rank": None,
    "movement": None,
    "team_id": "770e8400-e29b-41d4-a716-446655440002",
    "name": "Equipe Vendas SP",
    "people": 12,
    "points": 940,
    "completions": 188,
}

_DESCRIPTION = (
    "Who has how many points in a period: the same figures as on the dashboard, at once when an activity is recorded. "
    "Equal points share a rank and leave out the next (1, 2, 2, 4). People without points are listed, too; whoever is "
    "inactive is not. A team or mission that the tenant does not have has an empty board."
)


def reference(server: str) -> Reference:
    operation = list_operation(
        "getLeaderboard",
        "Read the leaderboard",
        _DESCRIPTION,
        tag=TAG,
        scope=Scope.LEADERBOARD_READ,
        listing=LEADERBOARD,
        rows={
            "A page of people, with `by=people`.": ref("Standing"),
            "A page of teams, with `by=teams`.": ref("TeamStanding"),
        },
        shown={
            "people": Shown(
                summary="This week’s people",
                note="Maria was third last week: she has climbed by two.",
                parameters={"period": "week"},
                answer={"data": [PERSON], "meta": PAGE},
            ),
            "teams": Shown(
                summary="The teams of a quarter, by days",
                note="Both days are part of the period. In the equally long one before it the team had no points.",
                parameters={"by": TEAMS, "period": "custom", "first": "2026-01-01", "last": "2026-03-31"},
                answer={"data": [TEAM], "meta": PAGE},
            ),
        },
        errors={
            BAD_REQUEST.status: [
                (
                    "A team of teams",
                    ValidationFailed(
                        "Invalid parameters", details=[{"field": "team_id", "message": f"Only with by={PEOPLE}"}]
                    ),
                )
            ]
        },
    )
    return Reference(
        tag=TAG,
        title=TAG,
        description="Show the leaderboard in your own systems.",
        paths={"/v1/leaderboard": {"get": operation}},
        schemas=SCHEMAS,
    )


def _number(description: str, *, least: int | None = None, null: bool = False) -> dict[str, Any]:
    bounds = {} if least is None else {"minimum": least}
    return {"type": ["integer", "null"] if null else "integer", "description": description, **bounds}


_PLACE: Mapping[str, Any] = {
    "rank": _number("The place on this board.", least=1),
    "previous_rank": _number(
        "The place in the period before; null without points then, and for all time.", least=1, null=True
    ),
    "movement": _number("How many places were climbed since then; negative for a fall.", null=True),
}
_SCORE: Mapping[str, Any] = {
    "points": _number("The points of the period; may be below zero where points were taken back."),
    "completions": _number("How often a mission was completed in the period."),
}


def _row(description: str, own: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**_PLACE, **own, **_SCORE}
    return {"type": "object", "description": description, "required": [*properties], "properties": properties}


def _id(description: str) -> dict[str, Any]:
    return {"type": "string", "format": "uuid", "description": description}


SCHEMAS: Mapping[str, Any] = {
    "Standing": _row(
        "A person’s place, with `by=people`.",
        {
            "collaborator_id": _id("The person."),
            "name": {"type": "string", "description": "Their name."},
            "email": {"type": "string", "format": "email", "description": "Their e-mail address."},
            "team": {"type": ["string", "null"], "description": "The name of the team that they are in now."},
        },
    ),
    "TeamStanding": _row(
        "A team’s place, with `by=teams`: by the points that were earned in it, whoever earned them.",
        {
            "team_id": _id("The team."),
            "name": {"type": "string", "description": "Its name."},
            "people": _number("How many active people are in it.", least=0),
        },
    ),
}
