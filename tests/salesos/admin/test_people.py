import pytest
from django.db import connection
from django.urls import reverse

from missions.models import Activity, Score
from salesos.models import Collaborator, Team
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory

ADD = "/dashboard/salesos/collaborator/add/"
NEW = {"name": "Zoe", "email": "zoe@acme.example", "metadata": "{}", "is_active": "on"}


@pytest.fixture
def manager(people):
    return people["manager"]


def test_a_collaborator_is_added_with_an_email_in_its_normal_form(manager, acme, globex):
    assert manager.post(ADD, {**NEW, "email": " Zoe@ACME.example "}).status_code == 302
    with tenant_context(acme):
        assert [(person.name, person.email) for person in Collaborator.objects.all()] == [("Zoe", "zoe@acme.example")]


def test_an_email_is_taken_once_in_a_tenant_and_free_in_another(manager, acme, globex):
    CollaboratorFactory(tenant=globex, email="zoe@acme.example")
    assert manager.post(ADD, NEW).status_code == 302
    again = manager.post(ADD, {**NEW, "email": "ZOE@acme.example"})
    assert "A collaborator with this e-mail exists already." in str(again.context["errors"])


def test_external_ids_are_unique_too_and_many_may_have_none(manager, acme, globex):
    for number in range(2):
        assert manager.post(ADD, {**NEW, "email": f"{number}@acme.example", "external_id": ""}).status_code == 302
    manager.post(ADD, {**NEW, "email": "a@acme.example", "external_id": "emp-1"})
    again = manager.post(ADD, {**NEW, "email": "b@acme.example", "external_id": "emp-1"})
    assert "A collaborator with this external id exists already." in str(again.context["errors"])


def test_a_teams_name_is_taken_in_any_case(manager, acme, globex):
    TeamFactory(tenant=globex, name="Sales")
    add = reverse("admin:salesos_team_add")
    assert manager.post(add, {"name": "Sales"}).status_code == 302
    assert "This team exists already." in str(manager.post(add, {"name": "SALES"}).context["errors"])


def test_what_the_database_refuses_is_a_message_not_a_crash(manager, acme, globex):
    def come_first(execute, sql, parameters, many, context):
        # A sync, between the form's look and its insert.
        if sql.startswith('INSERT INTO "salesos_collaborator"') and rivals:
            CollaboratorFactory(email=rivals.pop())
        return execute(sql, parameters, many, context)

    rivals = [NEW["email"]]
    with connection.execute_wrapper(come_first):
        answer = manager.post(ADD, NEW)
    assert b"This could not be saved" in manager.get(answer["Location"]).content
    with tenant_context(acme):
        assert list(Collaborator.objects.all()) == []


def test_people_are_deactivated_and_activated_by_action(manager, acme, globex, acme_rows):
    address = reverse("admin:salesos_collaborator_changelist")
    for action, is_active in (("deactivate", False), ("activate", True)):
        manager.post(address, {"action": action, "_selected_action": [acme_rows.person.pk]})
        with tenant_context(acme):
            assert Collaborator.objects.get().is_active == is_active


def test_an_unused_team_can_be_deleted(manager, acme, globex):
    team = TeamFactory(tenant=acme)
    address = reverse("admin:salesos_team_delete", args=[team.pk])
    assert manager.get(address).status_code == 200
    manager.post(address, {"post": "yes"})
    with tenant_context(acme):
        assert list(Team.objects.all()) == []


def test_a_team_in_which_points_were_earned_stays_when_everybody_has_left_it(manager, acme_rows, globex):
    with tenant_context(acme_rows.tenant):
        Collaborator.objects.update(team=None)
        address = reverse("admin:salesos_team_delete", args=[acme_rows.team.pk])
        assert manager.post(address, {"post": "yes"}).status_code == 403
        Score.objects.all().delete()
        assert Activity.objects.filter(team=acme_rows.team).exists()
        assert manager.post(address, {"post": "yes"}).status_code == 403
