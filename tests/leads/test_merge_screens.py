"""The screens of duplicates and merges: what they show, what they do, and what they refuse."""

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone

from leads.actors import Actor
from leads.changes import NewLead, change_lead, create_lead, delete_lead
from leads.merging import merge_leads
from leads.models import Lead, LeadMerge, LeadsApart
from salesos.models import AuditEntry
from salesos.roles import Role
from salesos.tenancy import tenant_context
from tests.factories import CollaboratorFactory
from tests.salesos.admin.conftest import member, signed_in

ME = Actor.of_system("a test")
DUPLICATES = "/dashboard/leads/duplicates/"
PHONE = "11 3456-7890"


def lead(name, **fields):
    new = NewLead(**{"name": name, "email": f"{name.lower()}@example.com", "phone": PHONE, **fields})
    return create_lead(new, by=ME, at=timezone.now())


def merge_page(one):
    return f"/dashboard/leads/{one.public_id}/merge/"


def said(answer):
    return [str(message) for message in answer.context["messages"]]


@pytest.fixture
def manager(acme, globex):
    with tenant_context(globex):
        lead("Stranger")
    return signed_in(member(acme, Role.MANAGER))


@pytest.fixture
def two(manager, in_acme):
    return lead("Ana", custom_fields={"a": 1, "b": 2}), lead("Bia", custom_fields={"a": 3, "b": 4}, company="Acme")


def merging(one, other, **fields):
    return {"do": "merge", "with": str(other.public_id), "seen": f"{one.version}-{other.version}", **fields}


def test_without_duplicates_the_page_says_what_would_be_one(manager):
    assert "No two leads have the same phone number" in manager.get(DUPLICATES).content.decode()


def test_a_group_shows_why_and_leads_to_the_comparison_with_the_oldest(manager, two):
    answer = manager.get(DUPLICATES)
    [group] = answer.context["groups"]
    assert [each.name for each in group.leads] == ["Ana", "Bia"]
    content = answer.content.decode()
    assert "Same phone number" in content
    assert f"{merge_page(two[0])}?with={two[1].public_id}&amp;from=duplicates" in content
    assert "Stranger" not in content


def test_whoever_may_only_look_sees_no_buttons(acme, two):
    content = signed_in(member(acme, Role.AUDITOR)).get(DUPLICATES).content.decode()
    assert "Same phone number" in content
    assert not any(words in content for words in ("Not a duplicate", "Compare and merge"))


def test_what_is_chosen_stays_and_the_user_stands_behind_it(manager, two):
    ana, bia = two
    sent = merging(ana, bia, **{"name": "other", "custom-1": "other"})
    answer = manager.post(merge_page(ana), sent | {"from": "duplicates"})
    merge = LeadMerge.objects.get()
    assert answer["Location"] == f"{DUPLICATES}?merged={merge.pk}"
    after = Lead.objects.get()
    assert (after.name, after.email, after.company) == ("Bia", "ana@example.com", "Acme")
    assert after.custom_fields == {"a": 1, "b": 4}
    assert merge.actor_kind == "user"
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor_email) == ("lead.merged", "manager@acme.example")
    assert 'role="status"' in manager.get(answer["Location"]).content.decode()
    assert said(manager.post(DUPLICATES, {"do": "undo", "merge": merge.pk}, follow=True)) == [
        "“Bia” (bia@example.com) is a lead of its own again."
    ]
    assert Lead.objects.count() == 2
    assert said(manager.post(DUPLICATES, {"do": "undo", "merge": merge.pk}, follow=True)) == [
        "There is no such merge any more: it is undone, or the lead is deleted."
    ]


def test_a_choice_on_old_values_is_shown_again_with_what_was_chosen(manager, two):
    ana, bia = two
    sent = merging(ana, bia, name="other")
    change_lead(bia, {"phone": "1"}, by=ME, at=timezone.now())
    answer = manager.post(merge_page(ana), sent)
    assert (answer.status_code, Lead.objects.count()) == (200, 2)
    assert said(answer) == ["One of the leads was changed since. Look again, then merge."]
    assert {choice.name: choice.takes_other for choice in answer.context["choices"]}["name"] is True
    assert answer.context["seen"] == "1-2"


def test_too_much_for_one_lead_is_told_and_nothing_happens(manager, two):
    ana, bia = two
    for one, letter in zip(two, "ab", strict=True):
        one = change_lead(one, {"tags": [f"{letter}{number}" for number in range(30)]}, by=ME, at=timezone.now())
    answer = manager.post(merge_page(ana), merging(ana, bia) | {"seen": "2-2"})
    assert said(answer) == ["Together they have 60 tags, and a lead at most 50. Remove some first."]
    assert Lead.objects.count() == 2


def test_a_lead_is_found_by_typing_but_never_itself_or_a_strangers(manager, two):
    found = manager.get(merge_page(two[0]), {"q": "example.com"}).context["found"]
    assert [row.name for row in found] == ["Bia"]
    assert [each.name for each, _reasons in manager.get(merge_page(two[0])).context["likely"]] == ["Bia"]


def test_to_merge_a_lead_with_itself_is_refused(manager, two):
    answer = manager.get(merge_page(two[0]), {"with": str(two[0].public_id)}, follow=True)
    assert said(answer) == ["This is one lead: choose another to merge it with."]


def test_two_are_kept_apart_and_the_page_stays(manager, two):
    ana, bia = two
    ids = [str(bia.public_id), str(ana.public_id)]
    answer = manager.post(DUPLICATES, {"do": "apart", "lead": ids, "after": "email:x@example.com"})
    assert answer["Location"] == f"{DUPLICATES}?after=email%3Ax%40example.com"
    assert LeadsApart.objects.get().actor_name == "manager@acme.example"
    assert manager.get(DUPLICATES).context["groups"] == []


def test_an_old_address_is_let_go(manager, two):
    ana, bia = two
    old = merge_leads(ana, bia, by=ME, at=timezone.now() - timedelta(hours=25))
    page = manager.get(merge_page(ana))
    assert (list(page.context["merges"]), page.context["addresses"]) == ([], [old])
    assert said(manager.post(merge_page(ana), {"do": "let_go", "merge": old.pk}, follow=True)) == [
        "The address is free: a new lead may have it."
    ]
    assert lead("Bia").name == "Bia"


HOSTILE = ["", "x", "1", "9" * 40, "-1", "１", str(uuid.UUID(int=5)), "\ud800".encode("utf-8", "surrogatepass"), "'"]


@pytest.mark.parametrize("value", HOSTILE)
def test_what_no_form_sends_changes_nothing_and_breaks_nothing(manager, two, globex, value):
    ana, bia = two
    with tenant_context(globex):
        theirs = Lead.objects.get()
    for sent in (
        {"do": value},
        {"do": "undo", "merge": value},
        {"do": "let_go", "merge": value},
        {"do": "apart", "lead": value},
        {"do": "apart", "lead": [str(ana.public_id), value]},
        {"do": "apart", "lead": [str(ana.public_id), str(theirs.public_id)]},
        {"do": "merge", "with": value},
        {"do": "merge", "with": str(theirs.public_id), "seen": "1-1"},
        {"do": "merge", "with": str(bia.public_id), "seen": value},
        {"do": "merge", "with": str(ana.public_id), "seen": "1-1"},
    ):
        for address in (DUPLICATES, merge_page(ana)):
            assert manager.post(address, sent).status_code in (200, 302, 404), sent
    for query in ({"with": value}, {"q": value}, {"after": value}, {"merged": value}):
        for address in (DUPLICATES, merge_page(ana)):
            assert manager.get(address, query).status_code in (200, 302, 404), query
    assert (Lead.objects.count(), LeadMerge.objects.count(), LeadsApart.objects.count()) == (2, 0, 0)


def test_whoever_is_deleted_meanwhile_is_told_as_gone(manager, two):
    ana, bia = two
    delete_lead(bia, at=timezone.now())
    assert manager.post(merge_page(ana), merging(ana, bia)).status_code == 404
    ids = [str(ana.public_id), str(bia.public_id)]
    assert said(manager.post(DUPLICATES, {"do": "apart", "lead": ids}, follow=True)) == ["One of these leads is gone."]


def test_owners_are_shown_by_the_record_that_counts(manager, two):
    ana, bia = two
    survivor = CollaboratorFactory(name="Survivor")
    alias = CollaboratorFactory(name="Alias", merged_into=survivor)
    Lead.objects.filter(pk=ana.pk).update(owner=alias)
    Lead.objects.filter(pk=bia.pk).update(owner=survivor)
    choices = manager.get(merge_page(ana), {"with": str(bia.public_id)}).context["choices"]
    [owner] = [choice for choice in choices if choice.name == "owner"]
    assert (owner.one, owner.other, owner.field) == ("Survivor", "Survivor", "")
