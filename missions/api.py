"""`GET /v1/leaderboard`: the standings of people or teams, the same figures as on the dashboard."""

import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.http import HttpResponse
from rest_framework.request import Request

from missions.leaderboards import Standing, TeamStanding, standings, team_standings
from missions.models import Mission
from missions.periods import Period, today_in, window, window_before
from salesos.api import parameters
from salesos.api.errors import ValidationFailed
from salesos.api.listing import Listing
from salesos.api.views import ApiView
from salesos.models import Team
from salesos.request_log import entry_of
from salesos.scopes import Scope

PEOPLE, TEAMS = "people", "teams"

LEADERBOARD = Listing(
    filters={
        "period": parameters.choice(
            *Period.values, default=Period.MONTH, description="Which days count, in the tenant's time zone."
        ),
        "first": parameters.day(description="With `period=custom`: the first day. Absent: from the beginning."),
        "last": parameters.day(description="With `period=custom`: the last day. Absent: to the end."),
        "by": parameters.choice(PEOPLE, TEAMS, default=PEOPLE, description="Who stands on the board."),
        "team_id": parameters.public_id(
            description="The people of this team, by what they earned in it. Only with `by=people`."
        ),
        "mission_id": parameters.public_id(description="Only what this mission gave."),
    }
)

Named = TypeVar("Named", Mission, Team)


class LeaderboardView(ApiView):
    scopes = {"GET": Scope.LEADERBOARD_READ}

    def get(self, request: Request) -> HttpResponse:
        entry_of(request._request).action = "leaderboard"
        asked = LEADERBOARD.read(request)
        rows = self._board(asked.filters)
        return self.answer_list(rows[asked.offset :][: asked.per_page], asked.meta(len(rows)))

    def _board(self, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
        by_team = filters.get("by") == TEAMS
        _refuse_what_does_not_go_together(filters, by_team=by_team)
        today = today_in(self.key.tenant, entry_of(self.request._request).at)
        period = Period(filters.get("period", Period.MONTH))
        days = window(period, today=today, first=filters.get("first"), last=filters.get("last"))
        try:
            mission, team = _found(Mission, filters.get("mission_id")), _found(Team, filters.get("team_id"))
        except ObjectDoesNotExist:
            return []
        before = window_before(days)
        if by_team:
            return [team_standing_json(row) for row in team_standings(days, previous=before, mission=mission)]
        return [standing_json(row) for row in standings(days, previous=before, mission=mission, team=team)]


def _refuse_what_does_not_go_together(filters: Mapping[str, Any], *, by_team: bool) -> None:
    faults = []
    if by_team and "team_id" in filters:
        faults.append({"field": "team_id", "message": "Only with by=people"})
    if filters.get("period") != Period.CUSTOM:
        given = [name for name in ("first", "last") if name in filters]
        faults += [{"field": name, "message": "Only with period=custom"} for name in given]
    if faults:
        raise ValidationFailed("Invalid parameters", details=faults)


def _found(model: type[Named], public_id: uuid.UUID | None) -> Named | None:
    return None if public_id is None else model.objects.get(public_id=public_id)


def standing_json(row: Standing) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "previous_rank": row.previous_rank,
        "movement": row.movement,
        "collaborator_id": str(row.public_id),
        "name": row.name,
        "email": row.email,
        "team": row.team or None,
        "points": row.points,
        "completions": row.completions,
    }


def team_standing_json(row: TeamStanding) -> dict[str, Any]:
    return {
        "rank": row.rank,
        "previous_rank": row.previous_rank,
        "movement": row.movement,
        "team_id": str(row.public_id),
        "name": row.name,
        "people": row.people,
        "points": row.points,
        "completions": row.completions,
    }
