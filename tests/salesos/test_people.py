"""`sync_people` and `_Roster`: what a batch of people does to the team; the wire is tested in tests/integrations."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, connections, transaction

from salesos.models import Collaborator, Team
from salesos.people import SentPerson, Synced, sync_people
from salesos.planner import MANY
from salesos.tenancy import NoTenant, tenant_context
from tests.factories import CollaboratorFactory, TeamFactory
from tests.queue import do_waiting

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


@pytest.mark.parametrize("pair", [("Istanbul", "İstanbul"), ("istanbul", "İSTANBUL"), ("Straße", "STRASSE")])
def test_team_names_are_the_same_when_the_database_folds_them_alike(in_acme, globex, pair):
    """Its unique index decides; Python folds each of these pairs otherwise."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT lower(%s) = lower(%s)", pair)
        (are_alike,) = cursor.fetchone()
    for batch in ([sent(1, team=pair[0]), sent(2, team=pair[1])], [sent(1, team=pair[1]), sent(2, team=pair[0])]):
        sync_people(batch)
        teams = set(Team.objects.values_list("name", flat=True))
        assert teams == ({pair[0]} if are_alike else set(pair))


@pytest.mark.django_db(transaction=True)
def test_a_team_that_another_worker_is_just_creating_is_waited_for_and_taken(acme, globex):
    rival = connection.copy()

    def synced_beside():
        with tenant_context(acme):
            try:
                return sync_people([sent(1, team="NORTE"), sent(2, team="Sul")])
            finally:
                connections.close_all()

    with ThreadPoolExecutor(1) as thread:
        with transaction_of(rival) as cursor:
            cursor.execute(
                "INSERT INTO salesos_team (tenant_id, public_id, name, created_at) "
                "VALUES (%s, gen_random_uuid(), 'Norte', now())",
                [acme.pk],
            )
            outcome = thread.submit(synced_beside)
            waited = "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'"
            while not outcome.done() and not cursor.execute(waited).fetchone():
                pass
            assert not outcome.done()
        assert outcome.result() == [CREATED, CREATED]
    rival.close()
    with tenant_context(acme):
        assert sorted(Team.objects.values_list("name", flat=True)) == ["Norte", "Sul"]
        people = Collaborator.objects.order_by("pk")
        assert list(people.values_list("team__name", flat=True)) == ["Norte", "Sul"]


@contextmanager
def transaction_of(database):
    """A cursor of another connection, whose work is committed at the end of the block."""
    database.connect()
    with database.connection.transaction(), database.connection.cursor() as cursor:
        yield cursor


def test_one_may_take_the_address_that_another_of_the_batch_gives_up(in_acme, globex):
    CollaboratorFactory(external_id="emp-1", email="person1@example.com")
    moved = SentPerson("emp-1", "person9@example.com", "Person 1")
    assert sync_people([moved, SentPerson("emp-2", "person1@example.com", "Person 2")]) == [EXISTING, CREATED]
    assert list(Collaborator.objects.order_by("pk").values_list("external_id", "email")) == [
        ("emp-1", "person9@example.com"), ("emp-2", "person1@example.com")
    ]  # fmt: skip


def test_whoever_is_inactive_is_updated_and_stays_inactive(in_acme, globex):
    CollaboratorFactory(external_id="emp-1", email="person1@example.com", is_active=False)
    assert sync_people([sent(1, phone="1")]) == [EXISTING]
    assert Collaborator.objects.values_list("phone", "is_active").get() == ("1", False)


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


def test_after_many_new_people_the_planner_is_told_of_them(acme, globex):
    def reltuples() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'salesos_collaborator'")
            return int(cursor.fetchone()[0])

    with tenant_context(acme):
        sync_people([SentPerson(f"few{number}", f"few{number}@acme.example", "Few") for number in range(MANY - 1)])
        assert do_waiting() == 0
        sync_people([SentPerson(f"many{number}", f"many{number}@acme.example", "Many") for number in range(MANY)])
    assert do_waiting() == 1

    assert reltuples() == 2 * MANY - 1
