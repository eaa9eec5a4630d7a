"""Unmatched: point an address to a person, remember it, find who is meant; every step leaves a trail."""

import pytest

from missions.lookalikes import lookalikes
from missions.models import Activity, UnmatchedActivity
from missions.recording import Recorded, record_activities
from salesos.models import AuditEntry, Collaborator, CollaboratorMerge
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory
from tests.missions.evidence import sent
from tests.salesos.admin.conftest import acme_rows, globex_rows, people, staff  # noqa: F401

ADDRESS = "/dashboard/missions/unmatched/person/?email=lost0@acme.example"


@pytest.fixture
def manager(people):  # noqa: F811
    return people["manager"]


def trail():
    return list(
        AuditEntry.objects.exclude(actor_email="").order_by("id").values_list("action", "subject", "actor_email")
    )


def test_a_remembered_address_counts_from_now_on(manager, acme, acme_rows, globex_rows):  # noqa: F811
    answer = manager.post(ADDRESS, {"do": "point", "person": "person0@acme.example", "remember": "1"})
    assert answer.status_code == 302
    with tenant_context(acme):
        assert UnmatchedActivity.objects.count() == 0
        alias = Collaborator.objects.get(email="lost0@acme.example")
        assert (alias.merged_into, alias.activities.count()) == (acme_rows.person, 1)
        assert record_activities("default", [sent("lost0@acme.example")]) == Recorded(1, 0, 0)
        assert CollaboratorMerge.objects.count() == 1
        assert trail() == [
            ("collaborator.alias_added", "acme person 0", "manager@acme.example"),
            ("unmatched.replayed", "lost0@acme.example", "manager@acme.example"),
        ]


def test_without_remembering_the_address_stays_unknown(manager, acme, acme_rows, globex_rows):  # noqa: F811
    manager.post(ADDRESS, {"do": "point", "person": "person0@acme.example"})
    with tenant_context(acme):
        assert Activity.objects.get(external_id="acme-lost-0").collaborator == acme_rows.person
        assert record_activities("default", [sent("lost0@acme.example")]) == Recorded(0, 1, 0)


def test_registering_and_discarding_leave_a_trail(manager, acme, acme_rows, globex_rows):  # noqa: F811
    with tenant_context(acme):
        record_activities("default", [sent("other@acme.example")])
    manager.post(ADDRESS, {"do": "register", "name": "Zoë"})
    manager.post(ADDRESS.replace("lost0", "other"), {"do": "discard", "confirmed": "yes"})
    with tenant_context(acme):
        assert [row[:2] for row in trail()] == [
            ("collaborator.created", "Zoë"),
            ("unmatched.replayed", "lost0@acme.example"),
            ("unmatched.discarded", "other@acme.example"),
        ]


def test_whom_one_may_choose_is_searched_or_suggested(manager, acme, acme_rows, globex_rows):  # noqa: F811
    with tenant_context(acme):
        near = CollaboratorFactory(name="Lois", email="lost0@other.example")
        CollaboratorFactory(name="Gone", email="lost0@third.example", is_active=False)
    page = manager.get(ADDRESS)
    assert [each.person for each in page.context["found"]] == [near]
    searched = manager.get(ADDRESS + "&q=ACME+PERSON")
    assert [each.person for each in searched.context["found"]] == [acme_rows.person]
    assert manager.get(ADDRESS + "&q=globex").context["found"] == []
    refused = manager.post(ADDRESS + "&q=ACME+PERSON", {"do": "point"})
    assert "Choose a person first." in refused.content.decode()
    assert [each.person for each in refused.context["found"]] == [acme_rows.person]


def test_the_list_is_searched(manager, acme, acme_rows, globex_rows):  # noqa: F811
    address = "/dashboard/missions/unmatched/"
    assert [each.email for each in manager.get(address, {"q": " LOST"}).context["people"]] == ["lost0@acme.example"]
    assert manager.get(address, {"q": "%"}).context["people"] == []


def test_an_address_of_somebody_inactive_says_so(manager, acme, acme_rows, globex_rows):  # noqa: F811
    CollaboratorFactory(tenant=acme, name="Zoë", email="lost0@acme.example", is_active=False)
    page = manager.get(ADDRESS).content.decode()
    assert "Somebody inactive has this address" in page
    answer = manager.post(ADDRESS, {"do": "point", "person": "person0@acme.example", "remember": "1"}, follow=True)
    assert "has this e-mail address" in str(next(iter(answer.context["messages"])))


@pytest.mark.parametrize(
    ("email", "found"),
    [
        ("joao.silva@example.com", ["João Silva"]),
        ("jsilva@example.com", ["João Silva"]),
        ("maria@other.example", ["Maria Santos"]),
        ("mariaa@example.com", ["Maria Santos"]),
        ("maira@example.com", ["Maria Santos"]),
        ("nobody@elsewhere.net", []),
        ("", []),
    ],
)
def test_near_addresses_and_names_are_found(in_acme, globex, email, found):
    CollaboratorFactory(name="João Silva", email="joao@example.com")
    CollaboratorFactory(name="Maria Santos", email="maria@example.com")
    with tenant_context(globex):
        CollaboratorFactory(name="Joao Silva", email="joao.silva@example.com")
    assert [each.person.name for each in lookalikes(email)] == found


def test_an_adjustment_is_given_to_a_person_and_found_by_the_persons_name(manager, acme, acme_rows, globex_rows):  # noqa: F811
    ana = CollaboratorFactory(tenant=acme, name="Ana Lima")
    with tenant_context(acme):
        Collaborator.objects.filter(pk=acme_rows.person.pk).update(merged_into=ana)
    form = {"points": "5", "day": "2026-11-02", "reason": "Why", "collaborator": acme_rows.person.pk}
    answer = manager.post("/dashboard/missions/adjustment/add/", form)
    assert "Select a valid choice" in str(answer.context["errors"])
    page = manager.get("/dashboard/missions/adjustment/", {"q": "ana lima"})
    assert [row.collaborator for row in page.context["cl"].result_list] == [acme_rows.person]
    assert "acme person 0" not in page.content.decode()
