"""The board in a browser: cards moved by mouse, by keyboard, by the menu; conflicts told; wins that count."""

import re
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from leads.deals import move_deal
from leads.models import Deal
from missions.sources import LEADS
from salesos.tenancy import tenant_context
from tests.browser.test_accessibility import guise, in_every_guise, wrong_with
from tests.factories import MappingFactory, MissionFactory
from tests.leads.boards import DAY, ME, deal_in, fresh, stages_of

pytestmark = pytest.mark.django_db(transaction=True)

BOARD = "/dashboard/pipeline/"
WIDE = {"width": 2000, "height": 900}
"""All columns stand side by side."""


@pytest.fixture
def deal(rows) -> Deal:
    with tenant_context(rows.tenant):
        Deal.objects.filter(lead__isnull=False).delete()
    return deal_in(rows.tenant, name="Office in Moema", value=1000, owner=rows.person)


def column(page, name):
    return page.get_by_role("region", name=name, exact=True)


def card(page, name="Office in Moema"):
    return page.locator("[data-deal]").filter(has_text=name)


def waits_in(page, deal, stage):
    """The card is there, and the server has said so."""
    expect(column(page, stage).locator(f'[data-deal="{deal.public_id}"]:not([aria-busy])')).to_be_visible()
    assert fresh(deal).stage.name == stage


def test_a_deal_is_dragged_with_the_mouse_and_the_totals_follow(page, complaints, rows, deal):
    page.goto(BOARD)
    expect(column(page, "New")).to_contain_text("4 deals · 1,300")
    card(page).drag_to(column(page, "Proposal"))
    expect(column(page, "Proposal")).to_contain_text("1 deal · 1,000")
    expect(column(page, "Proposal")).to_contain_text("Weighted 600")
    expect(column(page, "New")).to_contain_text("3 deals · 300")
    expect(page.get_by_text("“Office in Moema” is in Proposal now.")).to_be_visible()
    waits_in(page, deal, "Proposal")
    page.reload()
    waits_in(page, deal, "Proposal")
    assert complaints == []


def test_a_card_that_is_held_at_the_edge_brings_the_next_columns(page, complaints, rows, deal):
    page.set_viewport_size({"width": 1000, "height": 800})
    page.goto(BOARD)
    card(page).hover()
    page.mouse.down()
    edge = page.locator("#board").bounding_box()
    at_the_end = "board => board.scrollLeft + board.clientWidth >= board.scrollWidth - 1"
    for step in range(1000):
        page.mouse.move(edge["x"] + edge["width"] - 20 - step % 2, edge["y"] + 60)
        if page.locator("#board").evaluate(at_the_end):
            break
    column(page, "Lost").hover()
    page.mouse.up()
    page.get_by_role("dialog", name="“Office in Moema” is lost").get_by_role("button", name="Move").click()
    waits_in(page, deal, "Lost")
    assert complaints == []


def test_a_deal_is_moved_with_the_keyboard_alone(page, complaints, rows, deal):
    page.goto(BOARD)
    grip = page.get_by_role("button", name="Pick up Office in Moema")
    ear = page.locator("#board-ear")
    grip.focus()
    page.keyboard.press("Space")
    expect(ear).to_have_text("Picked up “Office in Moema” in New.")
    page.keyboard.press("ArrowRight")
    expect(ear).to_have_text("Qualified, 2 of 6. Space or enter drops it there.")
    page.keyboard.press("Escape")
    expect(ear).to_have_text("“Office in Moema” stays in New.")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    waits_in(page, deal, "Proposal")
    expect(page.get_by_role("button", name="Pick up Office in Moema")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    waits_in(page, deal, "Qualified")
    assert complaints == []


def test_a_won_deal_says_why_and_stands_on_the_leaderboard(page, complaints, rows, deal):
    tenant = rows.tenant
    MappingFactory(
        tenant=tenant, source=LEADS, code="deal.won", mission=MissionFactory(tenant=tenant, name="Deals"), points=500
    )
    page.set_viewport_size(WIDE)
    page.goto(BOARD)
    card(page).drag_to(column(page, "Won"))
    dialog = page.get_by_role("dialog", name="“Office in Moema” is won")
    expect(dialog.get_by_label("Why?")).to_be_focused()
    dialog.get_by_label("Why?").fill("Price and place")
    dialog.get_by_role("button", name="Move").click()
    expect(page.get_by_text("Won: “Office in Moema”, 1,000. Well done!")).to_be_visible()
    waits_in(page, deal, "Won")
    assert fresh(deal).close_reason == "Price and place"
    expect(column(page, "Won")).to_contain_text("Price and place")
    page.goto("/dashboard/missions/leaderboard/?period=month")
    expect(page.get_by_role("row", name=re.compile(rows.person.name))).to_contain_text(re.compile(r"\b50[08]\b"))
    assert complaints == []


def test_a_dialog_that_is_cancelled_leaves_the_deal_where_it_was(page, complaints, rows, deal):
    page.set_viewport_size(WIDE)
    page.goto(BOARD)
    card(page).drag_to(column(page, "Lost"))
    page.get_by_role("dialog", name="“Office in Moema” is lost").get_by_role("button", name="Cancel").click()
    waits_in(page, deal, "New")
    assert complaints == []


def test_a_deal_that_somebody_else_moved_meanwhile_shows_where_it_is(page, complaints, rows, deal):
    page.goto(BOARD)
    with tenant_context(rows.tenant):
        move_deal(deal, stages_of(rows.tenant)["Negotiation"], by=ME, at=timezone.now())
    card(page).drag_to(column(page, "Qualified"))
    expect(page.get_by_text("it is in Negotiation. Nothing was moved.")).to_be_visible()
    waits_in(page, deal, "Negotiation")
    card(page).drag_to(column(page, "Qualified"))
    waits_in(page, deal, "Qualified")
    # The browser's own note of the answer 409.
    assert [text for text in complaints if "409" not in text] == []


def test_without_an_answer_a_card_goes_back(page, complaints, rows, deal):
    page.goto(BOARD)
    page.route("**/move/**", lambda route: route.abort())
    card(page).drag_to(column(page, "Qualified"))
    expect(page.get_by_text("That did not work: no answer came.")).to_be_visible()
    waits_in(page, deal, "New")
    assert [text for text in complaints if "ERR_FAILED" not in text] == []


def test_on_a_phone_the_menu_moves_a_deal_and_tabs_lead_to_the_stages(page, complaints, rows, deal):
    page.set_viewport_size({"width": 390, "height": 800})
    page.emulate_media(reduced_motion="reduce")
    page.goto(BOARD)
    expect(page.get_by_label("Owner")).to_be_hidden()
    page.get_by_role("link", name="Move Office in Moema to…").click()
    page.get_by_role("dialog", name="Move “Office in Moema” to…").get_by_label("Negotiation").check()
    page.get_by_role("button", name="Move", exact=True).click()
    waits_in(page, deal, "Negotiation")
    page.get_by_role("button", name=re.compile("^Lost")).click()
    expect(column(page, "Lost")).to_be_in_viewport(ratio=0.8)
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    assert complaints == []


def test_stages_are_put_in_order_with_the_keyboard(page, complaints, rows):
    page.goto("/dashboard/pipeline/stages/")
    up = page.get_by_role("button", name="Move Negotiation up")
    up.focus()
    for _step in range(2):
        with page.expect_navigation():
            page.keyboard.press("Enter")
        expect(up).to_be_focused()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    # At the top it leads up no further.
    expect(page.get_by_role("button", name="Move Negotiation down")).to_be_focused()
    assert list(stages_of(rows.tenant)) == ["Negotiation", "New", "Qualified", "Proposal", "Won", "Lost"]
    assert complaints == []


@in_every_guise
def test_nothing_serious_on_the_screens_that_the_sidebar_does_not_show(page, rows, deal, scheme, width):
    guise(page, scheme, width)
    won = deal_in(rows.tenant, "Won", owner=rows.person)
    long = deal_in(rows.tenant, name="Penthouse with a view of the park, " * 7, value=Decimal("999999999999.99"))
    stage = stages_of(rows.tenant)["New"]
    found = {}
    for address in ("pipeline/", "pipeline/stages/", f"deals/{long.public_id}/", f"deals/{won.public_id}/", "deals/",
        "deals/new/", f"pipeline/{long.public_id}/move/", "deals/?least=x", "pipeline/?least=x"):  # fmt: skip
        page.goto(f"/dashboard/{address}")
        found[address] = wrong_with(page)
    page.goto("/dashboard/pipeline/stages/")
    page.get_by_role("button", name=f"Delete {stage.name}").click()
    page.get_by_label("Move them to").wait_for()
    found["a stage with deals"] = wrong_with(page)
    page.goto("/dashboard/deals/new/")
    page.get_by_role("button", name="Create deal").click()
    page.get_by_text("This field is required.").wait_for()
    found["a deal without a name"] = wrong_with(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


@in_every_guise
def test_nothing_serious_while_a_deal_is_moved(page, rows, deal, scheme, width):
    guise(page, scheme, width)
    page.goto(BOARD)
    found = {}
    if width > 700:
        page.get_by_role("button", name="Pick up Office in Moema").focus()
        page.keyboard.press("Space")
        page.keyboard.press("ArrowRight")
        expect(page.locator(".column.over")).to_have_count(1)
        found["held"] = wrong_with(page)
        page.keyboard.press("Escape")
    page.get_by_role("link", name="Move Office in Moema to…").click()
    page.get_by_role("dialog").get_by_label("Lost").check()
    expect(page.get_by_role("dialog").get_by_label("Why?")).to_be_visible()
    found["dialog"] = wrong_with(page)
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.locator(".board-toast")).to_be_visible()
    found["told"] = wrong_with(page)
    assert {place: wrong for place, wrong in found.items() if wrong} == {}


def test_what_is_on_a_card_stays_inside_of_it(page, rows):
    lead = rows.lead
    with tenant_context(rows.tenant):
        lead.company = "Companhia Brasileira de Empreendimentos e Participações"
        lead.save(update_fields=["company"])
    deal_in(rows.tenant, name="Penthouse with a view of the park", value=Decimal("999999999999.99"), lead=lead,
            owner=rows.person, expected_close_date=DAY.date())  # fmt: skip
    page.goto(BOARD)
    assert (
        page.locator(".deal-card").evaluate_all("cards => cards.filter(c => c.scrollWidth > c.clientWidth).length") == 0
    )
