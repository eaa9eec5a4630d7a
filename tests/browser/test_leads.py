"""Leads in a browser: filtered, kept as a view, edited in bulk, opened, converted; owners chosen with the keyboard."""

import re

import pytest
from playwright.sync_api import expect

from leads.models import Deal, Lead
from salesos.models import Collaborator
from salesos.tenancy import tenant_context
from tests.browser.test_accessibility import guise, in_every_guise, wrong_with

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rows(rows):
    """Without duplicates, and with an owner for each lead."""
    with tenant_context(rows.tenant):
        Lead.objects.filter(name__contains="twin").delete()
        for person in Collaborator.objects.all():
            Lead.objects.filter(name__endswith=person.name[-2:]).update(owner=person)
    return rows


def test_leads_are_filtered_kept_as_a_view_edited_and_converted(page, complaints, rows):
    page.goto("/dashboard/leads/?view=all")
    page.locator(".more-filters > summary").click()
    page.get_by_label("Status").first.select_option("New")
    owner = page.get_by_role("combobox", name="Owner", exact=True)
    owner.press_sequentially("person 1")
    expect(page.get_by_role("option", name=re.compile("acme person 1"))).to_be_visible()
    owner.press("Enter")
    expect(owner).to_have_value("acme person 1")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.locator(".lead-table tbody tr")).to_have_count(1)
    # What was left empty is not in the address.
    assert re.search(r"\?view=all&status=new&owner_id=[0-9a-f-]+&sort=-created_at&per_page=25$", page.url)

    page.get_by_role("link", name="Remove the filter “Owner”").click()
    expect(page.locator(".lead-table tbody tr")).to_have_count(3)
    page.get_by_text("Save this view").click()
    page.get_by_label("Name of the view").fill("New ones")
    page.get_by_role("button", name="Save view").click()
    tabs = page.get_by_role("navigation", name="Saved views")
    expect(tabs.get_by_role("link", name="New ones")).to_have_attribute("aria-current", "page")

    page.get_by_label("Tick acme lead 0").check()
    page.get_by_label("Tick acme lead 2").check()
    page.get_by_role("button", name="Edit 2 leads…").click()
    page.get_by_label("Status").select_option("Qualified")
    page.get_by_label("Add tags").fill("vip")
    page.get_by_role("button", name="acme tag").click()
    expect(page.get_by_label("Remove tags")).to_have_value("acme tag")
    page.get_by_role("button", name="Change them").click()
    expect(page.get_by_text("2 leads changed.")).to_be_visible()
    expect(page.locator(".lead-table tbody tr")).to_have_count(1)
    with tenant_context(rows.tenant):
        assert list(Lead.objects.filter(status="qualified").values_list("tags", flat=True)) == [["vip"], ["vip"]]

    page.get_by_role("link", name="acme lead 1", exact=True).click()
    page.get_by_role("button", name="Contacted").click()
    expect(page.get_by_role("button", name="Contacted")).to_have_attribute("aria-current", "step")
    page.get_by_role("link", name="Convert to a deal").click()
    page.get_by_label("Value").fill("1500")
    page.get_by_role("button", name="Convert").click()
    expect(page.get_by_role("region", name="Deals")).to_contain_text("1,500")
    expect(page.get_by_role("region", name="What happened")).to_contain_text("Converted to a deal")
    with tenant_context(rows.tenant):
        assert Deal.objects.filter(lead__name="acme lead 1").count() == 1
    assert complaints == []


def test_all_of_a_page_are_ticked_at_once(page, complaints, rows):
    page.goto("/dashboard/leads/?view=all")
    page.get_by_label("Tick all of this page").check()
    expect(page.get_by_role("button", name="Edit 6 leads…")).to_be_enabled()
    page.get_by_label("Tick acme lead 0").uncheck()
    expect(page.get_by_role("button", name="Edit 5 leads…")).to_be_enabled()
    page.get_by_label("Tick all of this page").check()
    page.get_by_label("Tick all of this page").uncheck()
    expect(page.get_by_role("button", name="Edit ticked…")).to_be_disabled()
    assert complaints == []


def test_an_owner_is_chosen_and_taken_away_with_the_keyboard(page, complaints, rows):
    page.goto(f"/dashboard/leads/{rows.lead.public_id}/edit/")
    owner = page.get_by_role("combobox", name="Owner", exact=True)
    owner.fill("nobody at all")
    expect(page.get_by_text("Nobody is called “nobody at all”.")).to_be_visible()
    owner.press("Escape")
    expect(owner).to_have_value("acme person 0")
    owner.fill("acme person")
    expect(page.locator(".picker-option")).to_have_count(3)
    owner.press("ArrowDown")
    owner.press("Enter")
    expect(owner).to_have_value("acme person 1")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("link", name="acme person 1")).to_be_visible()
    page.goto(f"/dashboard/leads/{rows.lead.public_id}/edit/")
    owner.fill("")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("is saved")).to_be_visible()
    with tenant_context(rows.tenant):
        assert Lead.objects.get(pk=rows.lead.pk).owner is None
    assert complaints == []


@in_every_guise
def test_nothing_serious_on_the_screens_of_a_lead(page, complaints, rows, scheme, width):
    guise(page, scheme, width)
    with tenant_context(rows.tenant):
        Deal.objects.filter(lead=rows.lead).update(name="Penthouse with a view of the park, " * 7)
        long = Lead.objects.get(pk=rows.lead.pk)
        long.name, long.company, long.tags = (
            "Nascimento " * 20,
            "Empreendimentos" * 9,
            [f"tag {n}" * 9 for n in range(9)],
        )
        long.save(update_fields=["name", "company", "tags"])
    lead = f"/dashboard/leads/{rows.lead.public_id}/"
    found = {}
    for address in (lead, f"{lead}edit/", f"{lead}convert/", f"{lead}delete/", "/dashboard/leads/bulk/?status=new",
        "/dashboard/leads/views/", "/dashboard/leads/new/", "/dashboard/leads/?status=new&search=acme&team_id=x",
        "/dashboard/leads/?search=nobody-at-all", "/dashboard/leads/?view=all&status=new&sort=name",
        f"/dashboard/leads/bulk/{rows.editing.public_id}/"):  # fmt: skip
        page.goto(address)
        page.locator("#main details").evaluate_all("all => all.forEach(each => { each.open = true; })")
        combobox = page.get_by_role("combobox", name="Owner", exact=True)
        if combobox.count() and not page.locator(".save-form").count():
            combobox.click()
            page.locator(".picker-option").first.wait_for()
        found[address] = wrong_with(page)
    page.goto("/dashboard/leads/new/")
    page.get_by_role("button", name="Create lead").click()
    page.get_by_text("This field is required.").first.wait_for()
    found["a lead without a name"] = wrong_with(page)
    page.goto("/dashboard/leads/?view=all")
    page.get_by_label("Tick acme lead 2").check()
    page.get_by_label("Tick acme lead 1").check()
    found["ticked"] = wrong_with(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}
    assert complaints == []
