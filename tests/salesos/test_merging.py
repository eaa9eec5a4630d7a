"""Two records of a person become one, and exactly the two again."""

from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread

import pytest
from django.db import connections

from salesos.errors import Refused
from salesos.merging import add_alias, merge_people, undo_merge, undoable_merges, why_not_mergeable
from salesos.models import AuditEntry, Collaborator, CollaboratorMerge
from salesos.people import SentPerson, Synced, sync_people
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory, TeamFactory

NOW = datetime(2026, 3, 11, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
FIELDS = ("external_id", "email", "name", "phone", "document", "role", "metadata", "team_id", "is_active")


def person(name, **fields):
    return CollaboratorFactory(name=name, email=f"{name.lower()}@example.com", external_id=f"id-{name}", **fields)


def merge(survivor, merged, at=NOW):
    return merge_people(survivor, merged, by=None, at=at)


def undo(done, at=LATER):
    undo_merge(done, by=None, at=at)


def refusal(work, *args, **options):
    with pytest.raises(Refused) as refused:
        work(*args, **options)
    return refused.value.code


def state():
    return list(Collaborator.objects.order_by("pk").values(*FIELDS, "merged_into__name"))


def aliases():
    return dict(Collaborator.objects.exclude(merged_into=None).values_list("name", "merged_into__name"))


@pytest.fixture
def floor(in_acme, globex):
    with tenant_context(globex):
        person("Ana", phone="of globex")
    return [person(name) for name in ("Ana", "Bia", "Caio", "Davi")]


def test_the_survivor_takes_over_what_it_lacks_and_nothing_else(in_acme, globex):
    team = TeamFactory()
    ana = person("Ana", phone="1", metadata={"a": 1})
    bia = person("Bia", phone="2", document="d", role="r", team=team, metadata={"a": 2, "b": None})
    before = state()
    done = merge(ana, bia)
    ana.refresh_from_db()
    assert (ana.phone, ana.document, ana.role, ana.team, ana.metadata) == ("1", "d", "r", team, {"a": 1, "b": None})
    assert (ana.external_id, ana.email) == ("id-Ana", "ana@example.com")
    assert aliases() == {"Bia": "Ana"}
    undo(done)
    assert state() == before


def test_what_somebody_changed_since_stays_when_a_merge_is_undone(in_acme, globex):
    ana, bia = person("Ana"), person("Bia", phone="2", role="r")
    done = merge(ana, bia)
    Collaborator.objects.filter(pk=ana.pk).update(phone="3")
    undo(done)
    ana.refresh_from_db()
    assert (ana.phone, ana.role) == ("3", "")


def test_an_alias_always_points_to_a_person(floor):
    ana, bia, caio, davi = floor
    before = state()
    first = merge(ana, bia)
    second = merge(davi, caio)
    third = merge(davi, ana)
    assert aliases() == {"Ana": "Davi", "Bia": "Davi", "Caio": "Davi"}
    assert refusal(undo, first) == "merged_on"
    undo(third)
    assert aliases() == {"Bia": "Ana", "Caio": "Davi"}
    undo(first)
    undo(second)
    assert state() == before


def test_a_merge_can_be_undone_once_and_for_a_day(floor):
    ana, bia, caio, _ = floor
    done, old = merge(ana, bia), merge(ana, caio)
    assert undoable_merges(ana, at=LATER) == [old, done]
    undo(done, at=NOW + timedelta(hours=24))
    assert refusal(undo, done) == "undone_already"
    assert refusal(undo, old, at=NOW + timedelta(hours=24, seconds=1)) == "too_late"
    assert aliases() == {"Caio": "Ana"}


def test_what_is_merged_or_the_same_can_not_be_merged(floor):
    ana, bia, caio, _ = floor
    merge(ana, bia)
    bia.refresh_from_db()
    assert refusal(merge, ana, ana) == "same_record"
    assert refusal(merge, caio, bia) == "merged_already"
    assert refusal(merge, bia, caio) == "survivor_merged"
    assert why_not_mergeable(ana, caio) is None
    assert CollaboratorMerge.objects.count() == 1


def test_another_tenants_person_is_an_unknown_one(floor, globex):
    with tenant_context(globex):
        stranger = Collaborator.objects.get()
    assert refusal(merge, floor[0], stranger) == "unknown_collaborator"
    assert refusal(merge, stranger, floor[0]) == "unknown_collaborator"
    assert refusal(add_alias, stranger, email="x@example.com", by=None, at=NOW) == "unknown_collaborator"


def test_the_trail_says_who_was_merged_and_hides_what_is_personal(floor):
    ana, bia, *_ = floor
    Collaborator.objects.filter(pk=bia.pk).update(phone="canary")
    undo(merge(ana, bia))
    assert list(AuditEntry.objects.order_by("id").values_list("action", "subject", "changes")) == [
        ("collaborator.merged", "Ana", {"merged": ["", "Bia <bia@example.com>"], "phone": ["", "•••"]}),
        ("collaborator.unmerged", "Ana", {"merged": ["Bia <bia@example.com>", ""], "phone": ["•••", ""]}),
    ]


def test_an_address_can_be_added_and_taken_away_again(floor):
    ana, *_ = floor
    alias = add_alias(ana, email=" Ana.Old@Example.com", by=None, at=NOW)
    assert (alias.email, alias.merged_into, alias.external_id) == ("ana.old@example.com", ana, None)
    assert refusal(add_alias, ana, email="bia@example.com", by=None, at=NOW) == "email_taken"
    (done,) = undoable_merges(ana, at=LATER)
    undo(done)
    assert aliases() == {}


def test_a_sync_updates_an_alias_and_never_brings_it_back(floor):
    ana, bia, *_ = floor
    merge(ana, bia)
    again = SentPerson("id-Bia", "bia@example.com", "Bia Maria", {"phone": "5"})
    moved = SentPerson("id-Bia", "bia.maria@example.com", "Bia Maria")
    assert sync_people([again, moved]) == [Synced("existing"), Synced("existing")]
    bia.refresh_from_db()
    assert (bia.name, bia.email, bia.phone, bia.merged_into) == ("Bia Maria", "bia.maria@example.com", "5", ana)
    ana.refresh_from_db()
    assert (ana.name, ana.external_id, ana.phone) == ("Ana", "id-Ana", "")


def test_one_person_may_be_sent_with_the_address_of_one_record_and_the_id_of_the_other(floor):
    ana, bia, *_ = floor
    mixed = SentPerson("id-Bia", "ana@example.com", "Ana Maria")
    assert sync_people([mixed]) == [Synced("refused", "external_id belongs to another collaborator")]
    Collaborator.objects.filter(pk=ana.pk).update(external_id=None)
    merge(ana, bia)
    assert sync_people([mixed]) == [Synced("existing")]
    rows = dict(Collaborator.objects.values_list("name", "external_id"))
    assert rows == {"Ana Maria": None, "Bia": "id-Bia", "Caio": "id-Caio", "Davi": "id-Davi"}
    stranger = SentPerson("id-Caio", "ana@example.com", "Ana")
    assert sync_people([stranger])[0].outcome == "refused"


def test_two_new_people_of_a_batch_are_not_one(in_acme, globex):
    sent = [SentPerson("1", "a@example.com", "A"), SentPerson("2", "b@example.com", "B")]
    clash = SentPerson("2", "a@example.com", "A")
    assert [each.outcome for each in sync_people([*sent, clash])] == ["created", "created", "refused"]


@pytest.mark.django_db(transaction=True)
def test_merges_at_once_leave_no_chain_and_no_circle(acme, globex):
    with tenant_context(acme):
        ana, bia, caio, davi = (person(name) for name in ("Ana", "Bia", "Caio", "Davi"))
    pairs = [(ana, bia), (bia, ana), (bia, caio), (caio, davi), (davi, ana), (ana, caio)]
    start, refused, failures = Barrier(len(pairs)), [], []

    def at_once(survivor, merged):
        try:
            with tenant_context(acme):
                start.wait()
                merge(survivor, merged)
        except Refused as error:
            refused.append(error.code)
        except Exception as error:
            failures.append(error)
        finally:
            connections.close_all()

    threads = [Thread(target=at_once, args=pair) for pair in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert set(refused) <= {"merged_already", "survivor_merged"}
    with tenant_context(acme):
        assert CollaboratorMerge.objects.count() == len(pairs) - len(refused) == len(aliases())
        assert Collaborator.objects.exclude(merged_into=None).exclude(merged_into__merged_into=None).count() == 0
