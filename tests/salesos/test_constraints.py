"""A row names rows of its own tenant only: in a form as in the database."""

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory


@pytest.fixture
def teams(acme, globex):
    return TeamFactory(tenant=acme), TeamFactory(tenant=globex)


def test_a_form_refuses_another_tenants_team_as_it_refuses_an_unknown_one(teams, in_acme):
    ours, theirs = teams
    person = CollaboratorFactory(team=ours)
    person.full_clean()

    messages = []
    for team_id in (theirs.pk, 10**9):
        person.team_id = team_id
        with pytest.raises(ValidationError) as refused:
            person.full_clean()
        messages.append(str(refused.value.message_dict["team"][-1]).replace(str(team_id), "…"))

    assert set(refused.value.message_dict) == {"team"}
    assert messages[0] == "This choice does not exist."


def test_the_database_refuses_another_tenants_team(teams, in_acme):
    ours, theirs = teams

    with pytest.raises(IntegrityError, match="collaborator_team_same_tenant"), transaction.atomic():
        CollaboratorFactory(team=theirs)
    person = CollaboratorFactory(team=ours)
    with pytest.raises(IntegrityError, match="collaborator_team_same_tenant"), transaction.atomic():
        Collaborator.objects.update(team=theirs)

    person.refresh_from_db()
    assert person.team == ours


def test_an_empty_relation_names_nobody(teams, in_acme):
    person = CollaboratorFactory(team=None)

    person.full_clean()

    assert Collaborator.objects.get().team is None


def test_a_row_may_name_a_row_of_its_own_tenant_in_any_tenant(acme, globex):
    for tenant in (acme, globex, acme.sandbox):
        with tenant_context(tenant):
            person = CollaboratorFactory(email="ann@example.com", team=TeamFactory(name="North"))
            person.full_clean()
