"""The dashboard in a browser: every screen opens, complains of nothing and asks no other host for anything."""

import re

import pytest
from django.test import Client
from playwright.sync_api import expect

from salesos.keys import TOKEN
from salesos.models import ApiKey, Collaborator
from salesos.tenancy import tenant_context

pytestmark = pytest.mark.django_db(transaction=True)


def test_every_item_of_the_sidebar_opens_without_a_complaint(page, complaints):
    items = page.locator("#nav-sidebar-apps a")
    expect(items).to_have_count(23)
    addresses = [items.nth(number).get_attribute("href") for number in range(items.count())]
    for address in addresses:
        answer = page.goto(address)
        assert (address, answer.status) == (address, 200)
        expect(page.locator("#nav-sidebar-apps a.active")).to_have_count(1)
    assert complaints == []


def test_the_forms_behind_the_lists_open_without_a_complaint(page, complaints, rows):
    for address in (
        f"/dashboard/salesos/collaborator/{rows.person.pk}/change/",
        "/dashboard/salesos/collaborator/add/",
        "/dashboard/missions/adjustment/add/",
        f"/dashboard/missions/mission/{rows.mission.pk}/change/",
        f"/dashboard/missions/activity/{rows.activity.pk}/change/",
        f"/dashboard/salesos/apikey/{rows.key.pk}/change/",
        f"/dashboard/salesos/requestlog/{rows.request.pk}/change/",
        "/dashboard/missions/unmatched/person/?email=lost0@acme.example",
    ):
        assert page.goto(address).status == 200
        page.wait_for_load_state("networkidle")
    assert complaints == []


def test_a_key_is_created_in_the_browser_and_shown_once(page, complaints, rows):
    page.goto("/dashboard/salesos/apikey/add/")
    page.get_by_role("textbox", name="Name").fill("From the browser")
    page.get_by_role("button", name="Create key").click()
    token = page.get_by_label("API key").input_value()
    assert TOKEN.fullmatch(token)
    page.get_by_role("link", name="Done, I have copied it").click()
    expect(page.get_by_role("link", name="From the browser")).to_be_visible()
    assert token not in page.content()
    with tenant_context(rows.tenant):
        assert ApiKey.objects.filter(name="From the browser").count() == 1
    assert complaints == []


def test_the_sandbox_is_one_switch_away_and_shows_its_badge(page, complaints):
    expect(page.get_by_text("Sandbox", exact=True).and_(page.locator("main *, #main *"))).to_have_count(0)
    page.locator("#nav-sidebar .cursor-pointer").first.click()
    page.locator(".switcher button", has_text="Sandbox").first.click()
    expect(page).to_have_title(re.compile(r"\[Sandbox\]"))
    expect(page.locator("#main").get_by_text("Sandbox", exact=True)).to_be_visible()
    assert complaints == []


def test_a_collaborator_is_picked_by_typing_for_an_adjustment(page, complaints, rows):
    page.goto("/dashboard/missions/adjustment/add/")
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill("person 1")
    page.locator(".select2-results__option", has_text="acme person 1").click()
    page.locator("[name=points]").fill("7")
    page.locator("[name=reason]").fill("Helped a colleague")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("cell", name="Helped a colleague")).to_be_visible()
    with tenant_context(rows.tenant):
        assert Collaborator.objects.get(name="acme person 1").adjustments.filter(points=7).count() == 1
    assert complaints == []


def test_every_page_is_narrow_enough_for_a_telephone(page, complaints):
    page.set_viewport_size({"width": 390, "height": 800})
    items = page.locator("#nav-sidebar-apps a")
    for address in [items.nth(number).get_attribute("href") for number in range(items.count())]:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, address


def test_our_own_templates_carry_no_script_and_no_style(client: Client, settings):
    folder = settings.BASE_DIR / "templates"
    inline = re.compile(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=", re.IGNORECASE)
    assert [str(file) for file in folder.rglob("*.html") if inline.search(file.read_text())] == []
    assert [str(file) for file in folder.rglob("*.html") if re.search(r"https?://", file.read_text())] == []
