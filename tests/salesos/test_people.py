"""`sync_people` and `_Roster`: what a batch of people does to the team; the wire is tested in tests/integrations."""

import pytest
from django.db import IntegrityError, transaction

from salesos.models import Collaborator, Team
from salesos.people import SentPerson, Synced, sync_people
from salesos.tenancy import NoTenant, tenant_context
from tests.factories import CollaboratorFactory, TeamFactory

CREATED, EXISTING = Synced("created"), Synced("existing")


def sent(number=1, **optional):
    return SentPerson(f"emp-{number}", f"person{number}@example.com", f"Person {number}", optional)


def test_outcomes_come_in_the_order_sent(in_acme, globex):
    CollaboratorFactory(external_id="emp-2", email="person2@example.com")
    CollaboratorFactory(external_id="emp-9", email="nine@example.com")
    clash = SentPerson("emp-9", "person2@example.com", "X")
    assert sync_people([sent(1), sent(2), clash, sent(3), sent(1)]) == [
        CREATED, EXISTING, Synced("refused", "external_id belongs to another collaborator"), CREATED, EXISTING
    ]  # fmt: skip


def test_nobody_is_fine(in_acme, globex):
    assert sync_people([]) == []


def test_people_are_synced_inside_a_tenant_only(acme, globex):
    with pytest.raises(NoTenant):
        sync_people([sent()])


def test_another_tenants_people_and_teams_are_not_seen(acme, globex):
    with tenant_context(globex):
        theirs = CollaboratorFactory(external_id="emp-1", email="person1@example.com", team=TeamFactory(name="Sales"))
    with tenant_context(acme):
        assert sync_people([sent(team="SALES")]) == [CREATED]
        mine = Collaborator.objects.select_related("team").get()
        assert (mine.tenant, mine.team.tenant_id, mine.team.name) == (acme, acme.pk, "SALES")
    with tenant_context(globex):
        assert list(Collaborator.objects.values_list("pk", "name")) == [(theirs.pk, theirs.name)]
        assert Team.objects.get().name == "Sales"


def test_an_update_keeps_identity_and_birth_and_moves_the_time_of_change(in_acme, globex):
    sync_people([sent()])
    before = Collaborator.objects.get()
    sync_people([sent(role="lead")])
    after = Collaborator.objects.get()
    assert (after.pk, after.public_id, after.created_at, after.is_active) == (
        before.pk, before.public_id, before.created_at, True
    )  # fmt: skip
    assert after.updated_at > before.updated_at


def test_somebody_without_an_external_id_is_matched_by_address_and_gets_one(in_acme, globex):
    CollaboratorFactory(external_id=None, email="person1@example.com")
    CollaboratorFactory(external_id=None, email="other@example.com")
    assert sync_people([sent()]) == [EXISTING]
    assert Collaborator.objects.get(email="person1@example.com").external_id == "emp-1"


def test_the_first_spelling_of_a_new_team_counts_and_a_known_one_is_kept(in_acme, globex):
    TeamFactory(name="Sul")
    sync_people([sent(1, team="SUL"), sent(2, team="Norte"), sent(3, team="NORTE")])
    assert sorted(Team.objects.values_list("name", flat=True)) == ["Norte", "Sul"]
    assert list(Collaborator.objects.order_by("pk").values_list("team__name", flat=True)) == ["Sul", "Norte", "Norte"]


def test_a_team_of_a_refused_person_may_be_created_but_nobody_joins_it(in_acme, globex):
    CollaboratorFactory(external_id="emp-1", email="person1@example.com")
    CollaboratorFactory(external_id="emp-2", email="person2@example.com")
    clash = SentPerson("emp-2", "person1@example.com", "X", {"team": "New"})
    assert sync_people([clash])[0].outcome == "refused"
    assert set(Collaborator.objects.values_list("team", flat=True)) == {None}


def test_the_database_still_refuses_two_people_with_one_address(in_acme, globex):
    """The constraint is checked at the end of a statement, not at the end of the transaction."""
    CollaboratorFactory(email="person1@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        CollaboratorFactory(email="person1@example.com")
    with pytest.raises(IntegrityError), transaction.atomic():
        Collaborator.objects.bulk_create(
            [Collaborator(external_id="x", name="X", email=f"{n}@example.com") for n in "ab"]
        )
