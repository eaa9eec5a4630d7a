"""`GET /v1/collaborators` and `GET /v1/teams`: where an integrator finds the ids that the API asks for."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count, Q, QuerySet
from django.http import HttpResponse
from rest_framework.request import Request

from salesos.api import parameters
from salesos.api.errors import NotFound
from salesos.api.listing import Listing
from salesos.api.moments import utc_text
from salesos.api.views import ApiView
from salesos.models import Collaborator, Team
from salesos.request_log import entry_of
from salesos.scopes import Scope

COLLABORATORS = Listing(
    sorts=("name", "email", "created_at"),
    default_sort="name",
    filters={
        "email": parameters.text(description="The person with this e-mail address, in any case."),
        "external_id": parameters.text(description="The person with this id in your CRM."),
        "team_id": parameters.public_id(description="The people of this team."),
        "is_active": parameters.yes_no(description="Those who are active, or those who are not."),
        "search": parameters.text(description="Those whose name begins so, in any case."),
    },
)
TEAMS = Listing(
    sorts=("name", "created_at"),
    default_sort="name",
    filters={"search": parameters.text(description="Those whose name begins so, in any case.")},
)


class CollaboratorsView(ApiView):
    scopes = {"GET": Scope.LEADS_READ}

    def get(self, request: Request) -> HttpResponse:
        entry_of(request._request).action = "list_collaborators"
        asked = COLLABORATORS.read(request)
        found = Collaborator.objects.people().filter(_people_asked_for(asked.filters))
        total = found.count()
        rows = asked.rows_of(found.select_related("team").order_by(*asked.order_by()), total)
        return self.answer_list([collaborator_json(person) for person in rows], asked.meta(total))


class CollaboratorView(ApiView):
    scopes = {"GET": Scope.LEADS_READ}

    def get(self, request: Request, id: str) -> HttpResponse:
        entry_of(request._request).action = "get_collaborator"
        people = Collaborator.objects.people().select_related("team")
        person = people.filter(public_id=parameters.id_in_path(id)).first()
        if person is None:
            raise NotFound("Not found")
        return self.answer_one(collaborator_json(person))


class TeamsView(ApiView):
    scopes = {"GET": Scope.LEADS_READ}

    def get(self, request: Request) -> HttpResponse:
        entry_of(request._request).action = "list_teams"
        asked = TEAMS.read(request)
        found = Team.objects.filter(name__istartswith=asked.filters.get("search", ""))
        total = found.count()
        rows = asked.rows_of(_with_people(found).order_by(*asked.order_by()), total)
        return self.answer_list([team_json(team) for team in rows], asked.meta(total))


class TeamView(ApiView):
    scopes = {"GET": Scope.LEADS_READ}

    def get(self, request: Request, id: str) -> HttpResponse:
        entry_of(request._request).action = "get_team"
        team = _with_people(Team.objects.filter(public_id=parameters.id_in_path(id))).first()
        if team is None:
            raise NotFound("Not found")
        return self.answer_one(team_json(team))


def _people_asked_for(filters: Mapping[str, Any]) -> Q:
    columns = {"team_id": "team__public_id", "search": "name__istartswith"}
    asked = {columns.get(name, name): value for name, value in filters.items()}
    if "email" in asked:
        asked["email"] = asked["email"].lower()
    return Q(**asked)


def _with_people(teams: QuerySet[Team]) -> QuerySet[Team]:
    members = Q(collaborators__is_active=True, collaborators__merged_into=None)
    return teams.annotate(people=Count("collaborators", filter=members))


def collaborator_json(person: Collaborator) -> dict[str, Any]:
    """A person as the API shows them; `team` is read, too."""
    return {
        "id": str(person.public_id),
        "external_id": person.external_id,
        "name": person.name,
        "email": person.email,
        "role": person.role or None,
        "team_id": str(person.team.public_id) if person.team else None,
        "is_active": person.is_active,
        "created_at": utc_text(person.created_at),
        "updated_at": utc_text(person.updated_at),
    }


def team_json(team: Any) -> dict[str, Any]:
    """A team as the API shows it; `people` is annotated."""
    return {
        "id": str(team.public_id),
        "name": team.name,
        "people": team.people,
        "created_at": utc_text(team.created_at),
    }
