"""Duplicates in a browser: found, compared, merged field by field, and parted again."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from leads.actors import Actor
from leads.changes import NewLead, create_lead
from leads.models import Lead
from salesos.tenancy import tenant_context
from tests.browser.test_accessibility import guise, in_every_guise, wrong_with

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def two(rows):
    with tenant_context(rows.tenant):
        by, at = Actor.of_system("a test"), timezone.now()
        for name, email, phone in (("Ana", "ana@x.example", "11 3456-7890"), ("Ana L.", "al@x.example", "1134567890")):
            create_lead(NewLead(name=name, email=email, phone=phone), by=by, at=at)
    return rows.tenant


def names(tenant):
    with tenant_context(tenant):
        return {*Lead.objects.filter(email__endswith="@x.example").values_list("name", "phone")}


def test_two_leads_are_merged_field_by_field_and_parted_again(page, complaints, two):
    page.goto("/dashboard/leads/duplicates/")
    group = page.get_by_role("region", name="Same phone number")
    group.get_by_role("link", name=re.compile("Compare and merge")).click()
    page.get_by_role("row", name=re.compile("^Name")).get_by_role("radio").nth(1).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Merge", exact=True).click()
    merges = page.get_by_role("region", name="Merged during the last day")
    expect(merges.get_by_role("status")).to_contain_text("Ana L. (al@x.example) is merged into Ana L.")
    expect(page.get_by_role("region", name="Same phone number")).to_have_count(0)
    assert names(two) == {("Ana L.", "11 3456-7890")}
    merges.get_by_role("button", name="Undo the merge of Ana L.").click()
    expect(page.get_by_text("“Ana L.” (al@x.example) is a lead of its own again.")).to_be_visible()
    expect(page.get_by_role("region", name="Same phone number")).to_be_visible()
    assert names(two) == {("Ana", "11 3456-7890"), ("Ana L.", "1134567890")}
    assert complaints == []


def test_another_lead_is_chosen_by_typing_and_two_are_kept_apart(page, complaints, two):
    with tenant_context(two):
        ana = Lead.objects.get(email="ana@x.example")
    page.goto(f"/dashboard/leads/{ana.public_id}/merge/")
    expect(page.get_by_role("region", name="Likely the same")).to_contain_text("al@x.example")
    page.get_by_label("Name, e-mail or company").press_sequentially("ana l")
    page.locator("#found a", has_text="al@x.example").click()
    expect(page.get_by_text("0 deals move to the lead that stays")).to_be_visible()
    page.goto("/dashboard/leads/duplicates/")
    page.get_by_role("button", name="Ana L., al@x.example, is not a duplicate").click()
    expect(page.get_by_text("is not taken for a duplicate of these any more")).to_be_visible()
    expect(page.get_by_role("region", name="Same phone number")).to_have_count(0)
    assert complaints == []


@in_every_guise
def test_nothing_serious_on_the_screens_of_a_merge(page, complaints, two, scheme, width):
    guise(page, scheme, width)
    with tenant_context(two):
        ana = Lead.objects.get(email="ana@x.example")
    found = {}
    page.goto("/dashboard/leads/duplicates/")
    found["groups"] = wrong_with(page)
    page.goto(f"/dashboard/leads/{ana.public_id}/merge/")
    page.get_by_label("Name, e-mail or company").press_sequentially("ana l")
    page.locator("#found a", has_text="al@x.example").wait_for()
    found["choosing"] = wrong_with(page)
    page.locator("#found a", has_text="al@x.example").click()
    page.get_by_role("heading", name="What follows").wait_for()
    found["comparing"] = wrong_with(page)
    page.get_by_role("button", name="Merge", exact=True).click()
    page.goto("/dashboard/leads/duplicates/")
    page.get_by_role("region", name="Merged during the last day").wait_for()
    found["merged"] = wrong_with(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
    assert complaints == []
