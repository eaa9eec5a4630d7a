from salesos.api.people import CollaboratorsView, CollaboratorView, TeamsView, TeamView
from salesos.api.routes import endpoint

urlpatterns = [
    *endpoint("v1/collaborators", CollaboratorsView, "collaborators"),
    *endpoint("v1/collaborators/<str:id>", CollaboratorView, "collaborator"),
    *endpoint("v1/teams", TeamsView, "teams"),
    *endpoint("v1/teams/<str:id>", TeamView, "team"),
]
