"""People in a browser: two records merged and parted, a file imported, an unknown address pointed to somebody."""

import re

import pytest
from playwright.sync_api import expect

from missions.models import UnmatchedActivity
from salesos.models import Collaborator
from salesos.tenancy import tenant_context

pytestmark = pytest.mark.django_db(transaction=True)

FILE = "Nome;E-mail;Equipe\nZoë Lima;zoe@acme.example;Equipe Nova\nacme person 0;person0@acme.example;\nBad;nope;\n"


def test_two_records_are_merged_and_parted_again(page, complaints, rows):
    page.goto(f"/dashboard/salesos/collaborator/{rows.person.pk}/change/")
    page.get_by_role("link", name="Merge with…").click()
    # Typed, not submitted: the page answers by itself.
    page.get_by_label("Name, e-mail or external id").press_sequentially("person 2")
    page.locator("#found a", has_text="acme person 2").click()
    expect(page.get_by_role("row", name=re.compile("E-mail"))).to_contain_text("person2@acme.example")
    page.get_by_role("button", name="Merge", exact=True).click()
    records = page.get_by_role("region", name="Other records of this person")
    expect(records).to_contain_text("person2@acme.example")
    page.goto("/dashboard/missions/leaderboard/?period=all")
    expect(page.locator("#main")).not_to_contain_text("acme person 2")
    page.goto(f"/dashboard/salesos/collaborator/{rows.person.pk}/change/")
    page.get_by_role("button", name="Undo merge").click()
    expect(page.get_by_text("is a person of their own again")).to_be_visible()
    with tenant_context(rows.tenant):
        assert Collaborator.objects.exclude(merged_into=None).count() == 0
    assert complaints == []


def test_a_file_is_imported_after_a_look_at_what_it_does(page, complaints, rows):
    page.goto("/dashboard/salesos/collaborator/")
    page.get_by_role("link", name="Import CSV").click()
    page.locator("#file").set_input_files(
        {"name": "people.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")}
    )
    page.get_by_role("button", name="Upload and look").click()
    expect(page.get_by_label("E-mail")).to_have_value("1")
    expect(page.get_by_text("New team: Equipe Nova")).to_be_visible()
    page.get_by_role("button", name="Import 1 person").click()
    expect(page.get_by_text("Nothing was imported")).to_be_visible()
    page.get_by_label("leave out the row with an error").check()
    page.get_by_role("button", name="Import 1 person").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the report").click()
    assert "zoe@acme.example" in download.value.path().read_text("utf-8-sig")
    page.get_by_role("link", name="To the people").click()
    expect(page.get_by_role("link", name="Zoë Lima")).to_be_visible()
    assert complaints == []


def test_an_unknown_address_is_pointed_to_somebody_for_good(page, complaints, rows):
    page.goto("/dashboard/missions/unmatched/")
    page.get_by_role("link", name="lost0@acme.example").click()
    page.get_by_label("Name, e-mail or external id").press_sequentially("person 1")
    page.get_by_label("acme person 1").check()
    expect(page.get_by_label("Remember")).to_be_checked()
    page.get_by_role("button", name="Record them for this person").click()
    expect(page.get_by_text("1 activities recorded")).to_be_visible()
    page.goto("/dashboard/missions/activity/?q=person+1")
    expect(page.get_by_role("cell", name="acme-lost-0")).to_be_visible()
    with tenant_context(rows.tenant):
        assert UnmatchedActivity.objects.filter(email="lost0@acme.example").count() == 0
    assert complaints == []
